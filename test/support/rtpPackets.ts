import type { MediaLine } from "../../src/rooms/sdp/offer.ts";

/** The media line that the packets below belong to. */
export const video: MediaLine = {
  mid: "v",
  kind: "video",
  codec: "VP8",
  payloadType: 96,
  clockRate: 90_000,
  audioLevelId: 0,
  transportSequenceId: 0,
  retransmits: true,
};

/** A VP8 frame of one packet, 640 × 360 px; frames are 3000 ticks apart. */
export function vp8(
  sequence: number,
  key: boolean,
  over: { ssrc?: number; payloadType?: number } = {},
): Buffer {
  const { ssrc = 5, payloadType = 96 } = over;
  const packet = Buffer.alloc(12 + 1 + 10);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(0x80 | payloadType, 1);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 3000, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeUInt8(0x10, 12);
  packet.writeUInt8(key ? 0x10 : 0x11, 13);
  packet.writeUIntBE(0x9d012a, 16, 3);
  packet.writeUInt16LE(640, 19);
  packet.writeUInt16LE(360, 21);
  return packet;
}

/** Says that it is epoch second 1000 at RTP timestamp 90 000. */
export function senderReport(ssrc: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(200, 1);
  packet.writeUInt16BE(6, 2);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(2_208_988_800 + 1000, 8);
  packet.writeUInt32BE(90_000, 16);
  return packet;
}
