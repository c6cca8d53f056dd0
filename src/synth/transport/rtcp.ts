/** Seconds from 1900, where NTP time begins, to 1970. */
const ntpEpochOffset = 2_208_988_800;

export interface SenderState {
  ssrc: number;
  cname: string;
  /** RTP timestamp of this very moment. */
  timestamp: number;
  packets: number;
  /** Bytes of payload. */
  octets: number;
}

/** A sender report with the source's name (RFC 3550 §6.4.1, §6.5). `now` is epoch ms, fractions count. */
export function writeSenderReport(state: SenderState, now: number): Buffer {
  const report = Buffer.alloc(28);
  report.writeUInt32BE(0x80c80006, 0);
  report.writeUInt32BE(state.ssrc, 4);
  report.writeUInt32BE((Math.floor(now / 1000) + ntpEpochOffset) >>> 0, 8);
  report.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), 12);
  report.writeUInt32BE(state.timestamp, 16);
  report.writeUInt32BE(state.packets >>> 0, 20);
  report.writeUInt32BE(state.octets >>> 0, 24);
  return Buffer.concat([report, sourceDescription(state.ssrc, state.cname)]);
}

function sourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname);
  const words = Math.ceil((4 + 2 + name.length + 1) / 4);
  const packet = Buffer.alloc(4 + words * 4);
  packet.writeUInt16BE(0x81ca, 0);
  packet.writeUInt16BE(words, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet[8] = 1;
  packet[9] = name.length;
  name.copy(packet, 10);
  return packet;
}

/** What a receiver tells a sender. */
export type Feedback =
  | { type: "keyFrameRequest" }
  | { type: "nack"; packets: number }
  | { type: "bitrateLimit"; bitsPerSecond: number }
  | { type: "receiverReport"; fractionLost: number }
  | { type: "bye" };

/** Reads a compound RTCP packet; what is not listed in `Feedback`, or is cut short, is left out. */
export function readFeedback(compound: Buffer): Feedback[] {
  const found: Feedback[] = [];
  for (let at = 0; at + 4 <= compound.length; ) {
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    if (end > compound.length) break;
    const feedback = readPacket(compound.subarray(at, end));
    if (feedback) found.push(feedback);
    at = end;
  }
  return found;
}

function readPacket(packet: Buffer): Feedback | undefined {
  const format = (packet[0] ?? 0) & 31;
  switch (packet[1]) {
    case 201:
      return format > 0 && packet.length >= 32
        ? { type: "receiverReport", fractionLost: (packet[12] ?? 0) / 256 }
        : undefined;
    case 203:
      return { type: "bye" };
    case 205:
      return format === 1 ? { type: "nack", packets: nackedPackets(packet) } : undefined;
    case 206:
      if (format === 1 || format === 4) return { type: "keyFrameRequest" };
      return format === 15 ? bitrateLimit(packet) : undefined;
    default:
      return undefined;
  }
}

/** Each entry names one packet and, in a bit mask, any of the 16 after it. */
function nackedPackets(packet: Buffer): number {
  let count = 0;
  for (let at = 12; at + 4 <= packet.length; at += 4) {
    count++;
    for (let mask = packet.readUInt16BE(at + 2); mask > 0; mask >>= 1) count += mask & 1;
  }
  return count;
}

/** https://datatracker.ietf.org/doc/html/draft-alvestrand-rmcat-remb-03 */
function bitrateLimit(packet: Buffer): Feedback | undefined {
  if (packet.length < 20 || packet.toString("latin1", 12, 16) !== "REMB") return undefined;
  const field = packet.readUIntBE(17, 3);
  return { type: "bitrateLimit", bitsPerSecond: (field & 0x3ffff) * 2 ** (field >> 18) };
}
