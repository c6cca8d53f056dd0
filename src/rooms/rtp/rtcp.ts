/** What a sender says of its clock. */
export interface SenderReport {
  ssrc: number;
  /** Sender's clock, epoch ms; 0 when it does not tell. */
  ntpMs: number;
  /** The same as it was on the wire: 64 bits. */
  ntp: bigint;
  /** Middle 32 bits of the NTP time, to be echoed as LSR. */
  ntpMiddle: number;
  rtp: number;
}

/** What a receiver says of one stream. */
export interface ReceptionBlock {
  ssrc: number;
  /** Share lost since the last report, 0–1. */
  fractionLost: number;
  /** Middle 32 bits of the NTP time of the last sender report that came; 0 before the first. */
  lastSenderReport: number;
  /** How long ago that was, ms. */
  sinceSenderReportMs: number;
}

/** The RTCP packets that are acted on (RFC 3550 §6, RFC 4585, RFC 5104). */
export type RtcpPacket =
  | ({ type: "senderReport" } & SenderReport)
  | { type: "bye"; ssrcs: number[] }
  | { type: "reception"; blocks: ReceptionBlock[] }
  /** Packets asked for again, by their 16-bit numbers. */
  | { type: "nack"; ssrc: number; sequences: number[] }
  | { type: "keyframeRequest"; ssrcs: number[] }
  | { type: "estimate"; bitsPerSecond: number };

const typeSenderReport = 200;
const typeReceiverReport = 201;
const typeBye = 203;
const typeTransportFeedback = 205;
const typePayloadFeedback = 206;
const ntpToUnixSeconds = 2_208_988_800;

/** What a sender whose report is `elapsedMs` old would report now. */
export function agedReport(
  { ntpMs, rtp }: Pick<SenderReport, "ntpMs" | "rtp">,
  elapsedMs: number,
  clockRate: number,
): Pick<SenderReport, "ntpMs" | "rtp"> {
  const ticks = Math.round((elapsedMs * clockRate) / 1000);
  return { ntpMs: ntpMs + elapsedMs, rtp: (rtp + ticks) >>> 0 };
}

/** Parses a compound packet; stops at the first malformed part. */
export function parseRtcp(buffer: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let at = 0;
  while (at + 4 <= buffer.length) {
    const end = at + (buffer.readUInt16BE(at + 2) + 1) * 4;
    if (buffer.readUInt8(at) >> 6 !== 2 || end > buffer.length) return packets;
    const packet = parseOne(buffer.subarray(at, end));
    if (packet) packets.push(packet);
    at = end;
  }
  return packets;
}

function parseOne(part: Buffer): RtcpPacket | undefined {
  const type = part.readUInt8(1);
  const format = part.readUInt8(0) & 0x1f;
  if (type === typeSenderReport && part.length >= 28) return parseSenderReport(part);
  if (type === typeReceiverReport) return parseReception(part, format);
  if (type === typeTransportFeedback && format === 1 && part.length >= 12) return parseNack(part);
  if (type === typePayloadFeedback) return parsePayloadFeedback(part, format);
  return type === typeBye ? parseBye(part) : undefined;
}

function parseReception(part: Buffer, count: number): RtcpPacket {
  const blocks: ReceptionBlock[] = [];
  for (let at = 8; blocks.length < count && at + 24 <= part.length; at += 24)
    blocks.push({
      ssrc: part.readUInt32BE(at),
      fractionLost: part.readUInt8(at + 4) / 256,
      lastSenderReport: part.readUInt32BE(at + 16),
      sinceSenderReportMs: (part.readUInt32BE(at + 20) * 1000) / 65_536,
    });
  return { type: "reception", blocks };
}

/** Each entry names one packet and, in a bit mask, any of the 16 after it. */
function parseNack(part: Buffer): RtcpPacket {
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= part.length; at += 4) {
    const first = part.readUInt16BE(at);
    const mask = part.readUInt16BE(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++)
      if ((mask >> bit) & 1) sequences.push((first + bit + 1) & 0xffff);
  }
  return { type: "nack", ssrc: part.readUInt32BE(8), sequences };
}

function parsePayloadFeedback(part: Buffer, format: number): RtcpPacket | undefined {
  if (part.length < 12) return undefined;
  if (format === 1) return { type: "keyframeRequest", ssrcs: [part.readUInt32BE(8)] };
  if (format === 4) return { type: "keyframeRequest", ssrcs: fullIntraTargets(part) };
  if (format !== 15 || part.length < 20 || part.toString("latin1", 12, 16) !== "REMB")
    return undefined;
  const field = part.readUIntBE(17, 3);
  return { type: "estimate", bitsPerSecond: (field & 0x3ffff) * 2 ** (field >> 18) };
}

function fullIntraTargets(part: Buffer): number[] {
  const ssrcs: number[] = [];
  for (let at = 12; at + 8 <= part.length; at += 8) ssrcs.push(part.readUInt32BE(at));
  return ssrcs;
}

function parseBye(part: Buffer): RtcpPacket {
  const count = Math.min(part.readUInt8(0) & 0x1f, Math.floor((part.length - 4) / 4));
  return {
    type: "bye",
    ssrcs: Array.from({ length: count }, (_, i) => part.readUInt32BE(4 + i * 4)),
  };
}

function parseSenderReport(part: Buffer): RtcpPacket {
  const seconds = part.readUInt32BE(8);
  const fraction = part.readUInt32BE(12);
  const ntpMs =
    seconds === 0 ? 0 : (seconds - ntpToUnixSeconds) * 1000 + (fraction * 1000) / 2 ** 32;
  return {
    type: "senderReport",
    ssrc: part.readUInt32BE(4),
    ntpMs,
    ntp: part.readBigUInt64BE(8),
    ntpMiddle: part.readUInt32BE(10),
    rtp: part.readUInt32BE(16),
  };
}

/** A sender report without reception blocks; `rtp` is the timestamp at `ntp`. */
export function senderReport(
  { ssrc, ntp, rtp }: Pick<SenderReport, "ssrc" | "ntp" | "rtp">,
  sent: { packets: number; octets: number },
): Buffer {
  const packet = head(0, typeSenderReport, 28, ssrc);
  packet.writeBigUInt64BE(ntp, 8);
  packet.writeUInt32BE(rtp, 16);
  packet.writeUInt32BE(sent.packets >>> 0, 20);
  packet.writeUInt32BE(sent.octets >>> 0, 24);
  return packet;
}

export interface ReceptionReport {
  ssrc: number;
  /** Share lost since the last report, 0..255. */
  fractionLost: number;
  cumulativeLost: number;
  highestSequence: number;
  /** RTP clock units. */
  jitter: number;
  lastSenderReport: number;
  /** 1/65536 s. */
  delaySinceLastSenderReport: number;
}

/** A receiver report with one block, or an empty one, which every compound packet must begin with. */
export function receiverReport(own: number, report?: ReceptionReport): Buffer {
  const packet = head(report ? 1 : 0, typeReceiverReport, report ? 32 : 8, own);
  if (!report) return packet;
  packet.writeUInt32BE(report.ssrc, 8);
  packet.writeUInt8(clamp(report.fractionLost, 0, 255), 12);
  packet.writeIntBE(clamp(report.cumulativeLost, -0x800000, 0x7fffff), 13, 3);
  packet.writeUInt32BE(report.highestSequence >>> 0, 16);
  packet.writeUInt32BE(report.jitter >>> 0, 20);
  packet.writeUInt32BE(report.lastSenderReport >>> 0, 24);
  packet.writeUInt32BE(report.delaySinceLastSenderReport >>> 0, 28);
  return packet;
}

/** Picture loss indication (RFC 4585 §6.3.1): asks for a keyframe. */
export function pictureLoss(own: number, ssrc: number): Buffer {
  const packet = head(1, typePayloadFeedback, 12, own);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}

/** Generic NACK (RFC 4585 §6.2.1) for 16-bit sequence numbers in ascending order. */
export function nack(own: number, ssrc: number, sequences: readonly number[]): Buffer {
  const entries = nackEntries(sequences);
  const packet = head(1, typeTransportFeedback, 12 + entries.length * 4, own);
  packet.writeUInt32BE(ssrc, 8);
  for (const [index, { id, mask }] of entries.entries()) {
    packet.writeUInt16BE(id, 12 + index * 4);
    packet.writeUInt16BE(mask, 14 + index * 4);
  }
  return packet;
}

function nackEntries(sequences: readonly number[]): { id: number; mask: number }[] {
  const entries: { id: number; mask: number }[] = [];
  for (const sequence of sequences) {
    const last = entries.at(-1);
    const distance = last ? (sequence - last.id) & 0xffff : 0;
    if (last && distance >= 1 && distance <= 16) last.mask |= 1 << (distance - 1);
    else entries.push({ id: sequence, mask: 0 });
  }
  return entries;
}

/** Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb), bit/s over all `ssrcs`. */
export function bitrateEstimate(
  own: number,
  ssrcs: readonly number[],
  bitsPerSecond: number,
): Buffer {
  let exponent = 0;
  let mantissa = Math.floor(bitsPerSecond);
  while (mantissa > 0x3ffff) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  const packet = head(15, typePayloadFeedback, 20 + ssrcs.length * 4, own);
  packet.write("REMB", 12, "latin1");
  packet.writeUInt8(ssrcs.length, 16);
  packet.writeUInt8((exponent << 2) | (mantissa >> 16), 17);
  packet.writeUInt16BE(mantissa & 0xffff, 18);
  for (const [index, ssrc] of ssrcs.entries()) packet.writeUInt32BE(ssrc, 20 + index * 4);
  return packet;
}

function head(count: number, type: number, bytes: number, own: number): Buffer {
  const packet = Buffer.alloc(bytes);
  packet.writeUInt8(0x80 | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(bytes / 4 - 1, 2);
  packet.writeUInt32BE(own, 4);
  return packet;
}

const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, Math.trunc(value)));
