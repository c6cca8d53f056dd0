import { vp8 } from "../support/rtpPackets.ts";

/** What a sender's packets are told apart by in the inputs of whole streams. */
export type Kind = "audio" | "video";

/** 20 ms of sound, with its level and transport number in header extensions 1 and 3. */
export function sound(sequence: number, ssrc = 6, payloadType = 111): Buffer {
  const packet = Buffer.alloc(12 + 12 + 24, 0x55);
  packet.writeUInt8(0x90, 0);
  packet.writeUInt8(payloadType, 1);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 960) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeUInt32BE(0xbede_0002, 12);
  packet.set([0x10, 0x80 | 30, 0x31, sequence >> 8, sequence & 0xff, 0, 0, 0], 16);
  // Opus: 20 ms, stereo, wide band.
  packet.writeUInt8(0x7c, 24);
  return packet;
}

export function vp8Frames(count: number, ssrc = 5): Buffer[] {
  return Array.from({ length: count }, (_, index) => vp8(index + 1, index === 0, { ssrc }));
}

/** Packets written one behind the other: what they are of, how long after the one before they come (ms), and their bytes. */
export function written(
  packets: readonly { kind: Kind; afterMs: number; packet: Buffer }[],
): Buffer {
  return Buffer.concat(
    packets.flatMap(({ kind, afterMs, packet }) => {
      const head = Buffer.of(
        kind === "audio" ? 0 : 1,
        afterMs,
        packet.length >> 8,
        packet.length & 0xff,
      );
      return [head, packet];
    }),
  );
}

/** Reads what `written` wrote, and whatever has become of it. */
export function* readPackets(
  input: Buffer,
): Generator<{ kind: Kind; afterMs: number; packet: Buffer }> {
  for (let at = 0; at + 4 <= input.length; ) {
    const kind = ((input[at] ?? 0) & 1) === 0 ? "audio" : "video";
    const length = Math.min(input.readUInt16BE(at + 2), 1500, input.length - at - 4);
    const packet = input.subarray(at + 4, at + 4 + length);
    yield { kind, afterMs: input[at + 1] ?? 0, packet: Buffer.from(packet) };
    at += 4 + length;
  }
}
