/** RTCP of a receiver (RFC 3550 §6.4.2, RFC 4585). */

export interface ReceptionState {
  ssrc: number;
  /** Share lost since the last report, 0–1. */
  fractionLost: number;
  /** Packets lost in all. */
  lost: number;
  /** Extended. */
  highestSequence: number;
}

export function writeReceiverReport(own: number, state: ReceptionState): Buffer {
  const packet = head(1, 201, 32, own);
  packet.writeUInt32BE(state.ssrc, 8);
  packet.writeUInt8(Math.min(255, Math.floor(state.fractionLost * 256)), 12);
  packet.writeIntBE(Math.max(0, Math.min(0x7fffff, state.lost)), 13, 3);
  packet.writeUInt32BE(state.highestSequence >>> 0, 16);
  return packet;
}

/** Asks for packets again, one entry each. */
export function writeNack(own: number, ssrc: number, sequences: readonly number[]): Buffer {
  const packet = head(1, 205, 12 + sequences.length * 4, own);
  packet.writeUInt32BE(ssrc, 8);
  for (const [index, sequence] of sequences.entries())
    packet.writeUInt16BE(sequence & 0xffff, 12 + index * 4);
  return packet;
}

/** Asks for a keyframe. */
export function writePictureLoss(own: number, ssrc: number): Buffer {
  const packet = head(1, 206, 12, own);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}

/** Says how much can be received in all, bit/s. */
export function writeEstimate(
  own: number,
  ssrcs: readonly number[],
  bitsPerSecond: number,
): Buffer {
  const packet = head(15, 206, 20 + ssrcs.length * 4, own);
  const exponent = Math.max(0, Math.ceil(Math.log2(Math.max(1, bitsPerSecond) / 0x3ffff)));
  packet.write("REMB", 12, "latin1");
  packet.writeUInt8(ssrcs.length, 16);
  packet.writeUIntBE(exponent * 2 ** 18 + Math.floor(bitsPerSecond / 2 ** exponent), 17, 3);
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
