/** One parsed RTP packet (RFC 3550). `payload` is a view into the received buffer. */
export interface RtpPacket {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
  /** RFC 6464 level in dBov (0 loudest, -127 silence), when the header extension was negotiated and sent. */
  audioLevel?: number;
  /** Number of the packet in its transport, 16 bits, when that header extension was negotiated and sent. */
  transportSequence?: number;
}

/** Negotiated ids of header extensions; 0 for none. */
export interface ExtensionIds {
  audioLevelId: number;
  transportSequenceId: number;
}

const fixedHeaderBytes = 12;
const oneByteProfile = 0xbede;
const twoByteProfile = 0x1000;

/** True for RTCP on a port shared with RTP (RFC 5761 §4). */
export function isRtcp(buffer: Buffer): boolean {
  const type = buffer[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** True for RTCP that begins with a sender report (RFC 3550 §6.4.1). */
export function isSenderReport(buffer: Buffer): boolean {
  return buffer[1] === 200;
}

/** Parses an RTP packet; undefined when it is malformed. */
export function parseRtp(buffer: Buffer, ids: ExtensionIds): RtpPacket | undefined {
  if (buffer.length < fixedHeaderBytes) return undefined;
  const flags = buffer.readUInt8(0);
  if (flags >> 6 !== 2) return undefined;
  const extensionAt = fixedHeaderBytes + (flags & 0x0f) * 4;
  const start = (flags & 0x10) === 0 ? extensionAt : endOfExtension(buffer, extensionAt);
  if (start === undefined || start > buffer.length) return undefined;
  const end = buffer.length - paddingOf(buffer, start);
  if (end < start) return undefined;
  const second = buffer.readUInt8(1);
  const packet: RtpPacket = {
    marker: second >= 0x80,
    payloadType: second & 0x7f,
    sequence: buffer.readUInt16BE(2),
    timestamp: buffer.readUInt32BE(4),
    ssrc: buffer.readUInt32BE(8),
    payload: buffer.subarray(start, end),
  };
  if (start > extensionAt) readExtensions(packet, buffer.subarray(extensionAt, start), ids);
  return packet;
}

/** Bytes of padding, which the last of them counts; more than there are when that is wrong. */
function paddingOf(buffer: Buffer, start: number): number {
  if ((buffer.readUInt8(0) & 0x20) === 0 || start === buffer.length) return 0;
  return buffer.readUInt8(buffer.length - 1) || Number.POSITIVE_INFINITY;
}

/** The header extension element `id` of an RTP packet, a view; undefined without one, and for id 0. */
export function headerExtension(buffer: Buffer, id: number): Buffer | undefined {
  if (buffer.length < fixedHeaderBytes || (buffer.readUInt8(0) & 0x10) === 0) return undefined;
  const from = fixedHeaderBytes + (buffer.readUInt8(0) & 0x0f) * 4;
  const to = endOfExtension(buffer, from);
  if (to === undefined || to > buffer.length) return undefined;
  const extension = buffer.subarray(from, to);
  const at = findElement(extension, id, 0);
  if (at === undefined) return undefined;
  const isOneByte = extension.readUInt16BE(0) === oneByteProfile;
  const head = extension.readUInt8(at - 1);
  const end = at + (isOneByte ? (head & 0x0f) + 1 : head);
  return end <= extension.length ? extension.subarray(at, end) : undefined;
}

function readExtensions(
  packet: RtpPacket,
  extension: Buffer,
  { audioLevelId, transportSequenceId }: ExtensionIds,
): void {
  const level = findElement(extension, audioLevelId, 1);
  if (level !== undefined) packet.audioLevel = -(extension.readUInt8(level) & 0x7f);
  const sequence = findElement(extension, transportSequenceId, 2);
  if (sequence !== undefined) packet.transportSequence = extension.readUInt16BE(sequence);
}

function endOfExtension(buffer: Buffer, at: number): number | undefined {
  if (at + 4 > buffer.length) return undefined;
  return at + 4 + buffer.readUInt16BE(at + 2) * 4;
}

/** Where the data of element `id` begins (RFC 8285), if there are so many bytes of it. */
function findElement(extension: Buffer, id: number, bytes: number): number | undefined {
  if (id === 0) return undefined;
  const profile = extension.readUInt16BE(0);
  const isOneByte = profile === oneByteProfile;
  if (!isOneByte && (profile & 0xfff0) !== twoByteProfile) return undefined;
  const at = isOneByte ? findOneByte(extension, id) : findTwoByte(extension, id);
  return at !== undefined && at + bytes <= extension.length ? at : undefined;
}

function findOneByte(extension: Buffer, id: number): number | undefined {
  for (let at = 4; at < extension.length; ) {
    const head = extension.readUInt8(at);
    const elementId = head >> 4;
    if (elementId === 15) return undefined;
    if (elementId === id) return at + 1;
    at += elementId === 0 ? 1 : (head & 0x0f) + 2;
  }
  return undefined;
}

function findTwoByte(extension: Buffer, id: number): number | undefined {
  for (let at = 4; at + 1 < extension.length; ) {
    const elementId = extension.readUInt8(at);
    if (elementId === id) return at + 2;
    at += elementId === 0 ? 1 : extension.readUInt8(at + 1) + 2;
  }
  return undefined;
}
