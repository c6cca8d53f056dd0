/** What tests look at in RTP packets of a WhipPublisher. */
export interface ReceivedRtp {
  sequence: number;
  timestamp: number;
  ssrc: number;
  marker: boolean;
  /** The byte of the only header extension, when there is one. */
  extension: number | undefined;
  payload: Buffer;
}

export function readRtp(packet: Buffer): ReceivedRtp {
  const extended = ((packet[0] ?? 0) & 0x10) !== 0;
  return {
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    marker: ((packet[1] ?? 0) & 0x80) !== 0,
    extension: extended ? packet[17] : undefined,
    payload: packet.subarray(extended ? 16 + 4 * packet.readUInt16BE(14) : 12),
  };
}

/** Complete frames in order of their timestamps: what stands between two markers, in sequence, nothing missing. */
export function framesOf(
  packets: readonly Buffer[],
  join: (payloads: Buffer[]) => Buffer,
): { timestamp: number; data: Buffer }[] {
  const bySequence = new Map(packets.map(readRtp).map((packet) => [packet.sequence, packet]));
  const sorted = [...bySequence.values()].sort((a, b) => ((a.sequence - b.sequence) << 16) >> 16);
  const frames: { timestamp: number; data: Buffer }[] = [];
  let parts: ReceivedRtp[] = [];
  for (const packet of sorted) {
    const last = parts.at(-1);
    if (last && packet.sequence !== ((last.sequence + 1) & 0xffff)) parts = [];
    parts.push(packet);
    if (!packet.marker) continue;
    frames.push({ timestamp: packet.timestamp, data: join(parts.map(({ payload }) => payload)) });
    parts = [];
  }
  return frames;
}

/** Strips the four bytes of descriptor that a WhipPublisher writes. */
export function joinVp8(payloads: Buffer[]): Buffer {
  return Buffer.concat(payloads.map((payload) => payload.subarray(4)));
}

/** Annex B with four-byte start codes. */
export function joinH264(payloads: Buffer[]): Buffer {
  const startCode = Buffer.from([0, 0, 0, 1]);
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const [indicator = 0, edge = 0] = payload;
      if ((indicator & 31) !== 28) return [startCode, payload];
      const header = Buffer.from([(indicator & 0xe0) | (edge & 31)]);
      return [...(edge & 0x80 ? [startCode, header] : []), payload.subarray(2)];
    }),
  );
}
