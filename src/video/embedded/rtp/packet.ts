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
}

const fixedHeaderBytes = 12;
const oneByteProfile = 0xbede;
const twoByteProfile = 0x1000;

/** True for RTCP on a port shared with RTP (RFC 5761 §4). */
export function isRtcp(buffer: Buffer): boolean {
  const type = buffer[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** Parses an RTP packet; undefined when it is malformed. `audioLevelId` is the negotiated extension id, 0 for none. */
export function parseRtp(buffer: Buffer, audioLevelId: number): RtpPacket | undefined {
  if (buffer.length < fixedHeaderBytes) return undefined;
  const flags = buffer.readUInt8(0);
  if (flags >> 6 !== 2) return undefined;
  const extensionAt = fixedHeaderBytes + (flags & 0x0f) * 4;
  const start = (flags & 0x10) === 0 ? extensionAt : endOfExtension(buffer, extensionAt);
  const end = buffer.length - ((flags & 0x20) === 0 ? 0 : buffer.readUInt8(buffer.length - 1));
  if (start === undefined || start > buffer.length || end < start) return undefined;
  const second = buffer.readUInt8(1);
  const packet: RtpPacket = {
    marker: second >= 0x80,
    payloadType: second & 0x7f,
    sequence: buffer.readUInt16BE(2),
    timestamp: buffer.readUInt32BE(4),
    ssrc: buffer.readUInt32BE(8),
    payload: buffer.subarray(start, end),
  };
  if (audioLevelId > 0 && start > extensionAt) {
    const level = findElement(buffer, extensionAt, start, audioLevelId);
    if (level !== undefined) packet.audioLevel = -(level & 0x7f);
  }
  return packet;
}

function endOfExtension(buffer: Buffer, at: number): number | undefined {
  if (at + 4 > buffer.length) return undefined;
  return at + 4 + buffer.readUInt16BE(at + 2) * 4;
}

/** First byte of the extension element `id` (RFC 8285), looked for between `at` and `end`. */
function findElement(buffer: Buffer, at: number, end: number, id: number): number | undefined {
  const profile = buffer.readUInt16BE(at);
  if (profile === oneByteProfile) return findOneByte(buffer, at + 4, end, id);
  if ((profile & 0xfff0) === twoByteProfile) return findTwoByte(buffer, at + 4, end, id);
  return undefined;
}

function findOneByte(buffer: Buffer, from: number, end: number, id: number): number | undefined {
  let at = from;
  while (at < end) {
    const head = buffer.readUInt8(at);
    const elementId = head >> 4;
    if (elementId === 15) return undefined;
    if (elementId === id) return at + 1 < end ? buffer.readUInt8(at + 1) : undefined;
    at += elementId === 0 ? 1 : (head & 0x0f) + 2;
  }
  return undefined;
}

function findTwoByte(buffer: Buffer, from: number, end: number, id: number): number | undefined {
  let at = from;
  while (at + 1 < end) {
    const elementId = buffer.readUInt8(at);
    if (elementId === id) return at + 2 < end ? buffer.readUInt8(at + 2) : undefined;
    at += elementId === 0 ? 1 : buffer.readUInt8(at + 1) + 2;
  }
  return undefined;
}
