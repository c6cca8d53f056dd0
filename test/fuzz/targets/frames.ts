import { FrameAssembler } from "../../../src/rooms/codecs/frames.ts";
import { H264Depacketizer } from "../../../src/rooms/codecs/h264.ts";
import { OpusDepacketizer } from "../../../src/rooms/codecs/opus.ts";
import { Vp8Depacketizer } from "../../../src/rooms/codecs/vp8.ts";
import { parseRtp, type RtpPacket } from "../../../src/rooms/rtp/packet.ts";
import { aggregate, fragments, ppsUnit, sliceUnit, spsUnit } from "../../support/h264Units.ts";
import { readPackets, sound, vp8Frames, written } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";

const codecs = [
  { make: () => new Vp8Depacketizer(), keyed: true },
  { make: () => new H264Depacketizer(), keyed: true },
  { make: () => new OpusDepacketizer(), keyed: false },
];

function h264Packets(): Buffer[] {
  const [sps, pps] = [spsUnit(0, 640, 352), ppsUnit(0, 0)];
  const idr = sliceUnit({ idr: true, bytes: 900 });
  const payloads = [
    aggregate(sps, pps),
    ...fragments(idr, 300),
    sliceUnit(),
    sps,
    pps,
    sliceUnit({ referenced: false }),
  ];
  return payloads.map((payload, index) => {
    const packet = Buffer.alloc(12);
    packet.set([0x80, 0x80 | 102]);
    packet.writeUInt16BE(index + 1, 2);
    packet.writeUInt32BE(3000 * (index >> 2), 4);
    packet.writeUInt32BE(5, 8);
    return Buffer.concat([packet, payload]);
  });
}

const streamOf = (packets: readonly Buffer[]) =>
  written(packets.map((packet) => ({ kind: "video", afterMs: 10, packet })));

/** Packets put together to frames again, some of them lost. */
export const frames: FuzzTarget = {
  name: "frames",
  corpus: [streamOf(vp8Frames(6)), streamOf(h264Packets()), streamOf([sound(1), sound(2)])],
  run(input) {
    const packets: RtpPacket[] = [];
    for (const { packet } of readPackets(input)) {
      const parsed = parseRtp(packet, { audioLevelId: 1, transportSequenceId: 3 });
      if (parsed) packets.push(parsed);
    }
    for (const { make, keyed } of codecs) {
      const assembler = new FrameAssembler(make(), keyed, {
        frame: ({ data, width = 1, height = 1 }) => {
          // Parameter sets are put in front of each key frame that lacks them.
          if (data.length > 3 * input.length + 65_536)
            throw new Error("a frame is larger than all of its packets");
          if (!(width > 0 && height > 0)) throw new Error(`a picture of ${width}×${height}`);
        },
        damaged: () => undefined,
      });
      for (const [index, packet] of packets.entries()) {
        if (packet.timestamp % 7 === 3) assembler.gap(1 + (packet.timestamp % 3));
        assembler.packet(packet, index, packet.timestamp % 5 === 0);
      }
    }
  },
};
