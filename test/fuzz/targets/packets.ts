import { startsKeyframe, startsKeyPicture } from "../../../src/rooms/codecs/keyframe.ts";
import { headerExtension, parseRtp } from "../../../src/rooms/rtp/packet.ts";
import { keepLevelOnly, RtpRewriter, writeLevel } from "../../../src/rooms/rtp/rewriter.ts";
import {
  bitrateEstimate,
  nack,
  parseRtcp,
  pictureLoss,
  receiverReport,
  senderReport,
} from "../../../src/rooms/rtp/rtcp.ts";
import { sound, vp8Frames } from "../packets.ts";
import type { FuzzTarget } from "../target.ts";

const ids = { audioLevelId: 1, transportSequenceId: 3 };

/** One packet of media, as a publisher sends it and as it is passed on. */
export const rtp: FuzzTarget = {
  name: "rtp",
  corpus: [sound(1), sound(2), ...vp8Frames(3)],
  run(input) {
    for (const id of [0, 1, 3, 14, 15]) headerExtension(input, id);
    const packet = parseRtp(input, ids);
    if (!packet) return;
    for (const codec of ["opus", "VP8", "H264"] as const) {
      startsKeyframe(codec, packet.payload);
      startsKeyPicture(codec, packet.payload);
    }
    const { sequence, timestamp, payload } = packet;
    const { length } = payload;
    const level = keepLevelOnly(input, ids.audioLevelId);
    const rewriter = new RtpRewriter(7, { sequence: 0xffff, timestamp: 1 });
    rewriter.rebase(sequence, timestamp, 90_000, 1000);
    rewriter.rewrite(input, 96, { sequence, timestamp }, 1001);
    if (level) writeLevel(input, level, 2);
    const passed = parseRtp(input, { audioLevelId: 2, transportSequenceId: 3 });
    if (passed?.payload.length !== length)
      throw new Error("passing a packet on changed its payload");
    if (passed.transportSequence !== undefined)
      throw new Error("an extension was passed on that means something else to others");
  },
};

const report = { ssrc: 5, ntp: 0x1234_5678_9abc_def0n, rtp: 90_000 };
const reports = [
  senderReport(report, { packets: 10, octets: 1000 }),
  receiverReport(9),
  pictureLoss(9, 5),
  nack(9, 5, [1, 2, 3, 19, 400]),
  bitrateEstimate(9, [5], 2_500_000),
];

/** A compound packet of reports and requests. */
export const rtcp: FuzzTarget = {
  name: "rtcp",
  corpus: [...reports, Buffer.concat(reports)],
  run(input) {
    for (const packet of parseRtcp(input)) {
      // Each entry of four bytes names seventeen packets at most.
      if (packet.type === "nack" && packet.sequences.length > (input.length / 4) * 17)
        throw new Error("more packets are asked for than can be named");
      if (packet.type === "estimate" && !Number.isFinite(packet.bitsPerSecond))
        throw new Error("a bit rate is no number");
    }
  },
};
