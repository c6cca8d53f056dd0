import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aggregate, fragments, prefixed } from "../../../test/support/h264Units.ts";
import type { RtpPacket } from "../rtp/packet.ts";
import { ReorderBuffer } from "../rtp/reorder.ts";
import type { Depacketizer } from "./depacketizer.ts";
import { FrameAssembler, type TimedFrame } from "./frames.ts";
import { H264Depacketizer } from "./h264.ts";
import { OpusDepacketizer } from "./opus.ts";
import { Vp8Depacketizer } from "./vp8.ts";

function rtp(sequence: number, timestamp: number, marker: boolean, payload: Buffer): RtpPacket {
  return { sequence, timestamp, marker, payload, payloadType: 96, ssrc: 1 };
}

function vp8Frame(key: boolean, bytes: number, fill: number): Buffer {
  const frame = Buffer.alloc(bytes, fill);
  frame.writeUInt8(key ? 0x10 : 0x11, 0);
  if (!key) return frame;
  frame.writeUIntBE(0x9d012a, 3, 3);
  frame.writeUInt16LE(1280, 6);
  frame.writeUInt16LE(720, 8);
  return frame;
}

/** Frames of 30 bytes in packets of 10; a keyframe every 10th. */
function vp8Stream(frames: number): RtpPacket[] {
  return Array.from({ length: frames }, (_, i) => {
    const frame = vp8Frame(i % 10 === 0, 30, i);
    return [0, 10, 20].map((at, part) => {
      const descriptor = Buffer.from([at === 0 ? 0x90 : 0x80, 0x80, 0x80, i & 0x7f]);
      const payload = Buffer.concat([descriptor, frame.subarray(at, at + 10)]);
      return rtp(i * 3 + part, i * 3000, at === 20, payload);
    });
  }).flat();
}

function assemble(depacketizer: Depacketizer, keyed: boolean) {
  const frames: TimedFrame[] = [];
  const assembler = new FrameAssembler(depacketizer, keyed, {
    frame: (frame) => frames.push(frame),
    damaged: () => undefined,
  });
  return { assembler, frames };
}

describe("VP8", () => {
  test("frames come out as they went in, keyframes with their size", () => {
    const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
    for (const packet of vp8Stream(20)) assembler.packet(packet, packet.sequence * 10);
    expect(frames).toHaveLength(20);
    expect(frames[0]).toMatchObject({ key: true, width: 1280, height: 720, timestamp: 0, rtp: 0 });
    expect(frames[7]).toEqual({
      data: vp8Frame(false, 30, 7),
      key: false,
      timestamp: 21_000,
      rtp: 21_000,
      arrivedAt: 210,
    });
  });

  test("a keyframe may have another size", () => {
    const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
    for (const [sequence, width] of [1280, 640].entries()) {
      const frame = vp8Frame(true, 30, 1);
      frame.writeUInt16LE(width, 6);
      assembler.packet(rtp(sequence, sequence, true, Buffer.concat([Buffer.of(0x10), frame])), 0);
    }
    expect(frames.map(({ width }) => width)).toEqual([1280, 640]);
  });

  test("nothing is written before the first keyframe", () => {
    const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
    for (const packet of vp8Stream(20).slice(4)) assembler.packet(packet, 0);
    expect(frames.map(({ rtp: at }) => at / 3000)).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
  });

  test("after a loss no frame is written until the next keyframe, and none that is damaged", () => {
    const stream = vp8Stream(40);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 }), { maxLength: 15 }),
        fc.array(fc.integer({ min: 0, max: 8 }), {
          minLength: stream.length,
          maxLength: stream.length,
        }),
        (lost, jitter) => {
          const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
          const buffer = new ReorderBuffer<RtpPacket>(
            { waitMs: 1000, capacity: 1000 },
            { packet: (packet) => assembler.packet(packet, 0), gap: (lost) => assembler.gap(lost) },
          );
          const order = stream
            .filter(({ sequence }) => !lost.includes(sequence))
            .sort(
              (a, b) =>
                a.sequence +
                (jitter[a.sequence] ?? 0) * (a.sequence > 0 ? 1 : 0) -
                (b.sequence + (jitter[b.sequence] ?? 0) * (b.sequence > 0 ? 1 : 0)),
            );
          for (const packet of order) buffer.push(packet.sequence, packet, 0);
          buffer.flush();
          const whole = new Set(Array.from({ length: 40 }, (_, i) => i));
          for (const sequence of lost) whole.delete(Math.floor(sequence / 3));
          let previous = -1;
          for (const frame of frames) {
            const index = frame.rtp / 3000;
            expect(whole.has(index)).toBe(true);
            expect(frame.data).toEqual(vp8Frame(index % 10 === 0, 30, index));
            expect(frame.key || previous === index - 1).toBe(true);
            previous = index;
          }
        },
      ),
    );
  });

  test("padding between frames loses nothing", () => {
    const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
    for (const packet of vp8Stream(10)) {
      assembler.packet(packet, 0);
      assembler.packet({ ...packet, marker: false, payload: Buffer.alloc(0) }, 0);
    }
    expect(frames).toHaveLength(10);
  });

  test("timestamps go on over their wrap", () => {
    const { assembler, frames } = assemble(new Vp8Depacketizer(), true);
    const start = 2 ** 32 - 3000;
    for (const packet of vp8Stream(3))
      assembler.packet({ ...packet, timestamp: (packet.timestamp + start) % 2 ** 32 }, 0);
    expect(frames.map(({ timestamp }) => timestamp - start)).toEqual([0, 3000, 6000]);
  });
});

/** Baseline, 640x360 (cropped from 368 lines). */
const sps = Buffer.from("6742c01ed900a02ff97016c8000003000800000301e47816c9", "hex");
const pps = Buffer.from("68cb8cb2", "hex");
const idr = Buffer.concat([Buffer.from([0x65, 0x88, 0x84]), Buffer.alloc(40, 7)]);
const slice = Buffer.concat([Buffer.from([0x41, 0x9a]), Buffer.alloc(20, 9)]);
describe("H.264", () => {
  test("parameter sets, fragments and single units become length-prefixed frames with a decoder record", () => {
    const { assembler, frames } = assemble(new H264Depacketizer(), true);
    const payloads = [aggregate(sps, pps), ...fragments(idr, 10)];
    for (const [i, payload] of payloads.entries())
      assembler.packet(rtp(i, 0, i === payloads.length - 1, payload), 0);
    assembler.packet(rtp(9, 3000, true, slice), 0);
    expect(frames[0]?.data).toEqual(prefixed(sps, pps, idr));
    expect(frames[0]).toMatchObject({ key: true, width: 640, height: 360 });
    const record = frames[0]?.codecPrivate ?? Buffer.alloc(0);
    expect(record.subarray(0, 8).toString("hex")).toBe(`0142c01effe100${sps.length.toString(16)}`);
    expect(record.subarray(8, 8 + sps.length)).toEqual(sps);
    expect(record.subarray(-pps.length)).toEqual(pps);
    expect(frames[1]).toEqual({
      data: prefixed(slice),
      key: false,
      arrivedAt: 0,
      timestamp: 3000,
      rtp: 3000,
    });
  });

  test("parameter sets alone are no frame, and are remembered", () => {
    const { assembler, frames } = assemble(new H264Depacketizer(), true);
    assembler.packet(rtp(0, 0, true, aggregate(sps, pps)), 0);
    assembler.packet(rtp(1, 3000, true, idr), 0);
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ key: true, width: 640 });
  });

  test("a keyframe whose parameter sets were lost is none, and another is needed", () => {
    const { assembler, frames } = assemble(new H264Depacketizer(), true);
    for (const [i, payload] of fragments(idr, 10).entries())
      assembler.packet(rtp(i, 0, i * 10 + 11 >= idr.length, payload), 0);
    assembler.packet(rtp(8, 3000, true, slice), 0);
    expect(frames).toEqual([]);
    expect(assembler.needsKey).toBe(true);
  });

  test("a frame whose first slice was lost is dropped", () => {
    const { assembler, frames } = assemble(new H264Depacketizer(), true);
    assembler.packet(rtp(0, 0, true, aggregate(sps, pps, idr)), 0);
    assembler.gap(1);
    assembler.packet(rtp(2, 3000, true, Buffer.from([0x65, 0x08, 1, 2, 3])), 0);
    assembler.packet(rtp(3, 6000, true, slice), 0);
    assembler.packet(rtp(4, 9000, true, aggregate(sps, pps, idr)), 0);
    expect(frames.map(({ rtp: at }) => at)).toEqual([0, 9000]);
  });

  test("an unfinished fragment is dropped with its frame", () => {
    const { assembler, frames } = assemble(new H264Depacketizer(), true);
    const [first = Buffer.alloc(0)] = fragments(idr, 10);
    assembler.packet(rtp(0, 0, true, first), 0);
    assembler.packet(rtp(1, 3000, true, slice), 0);
    expect(frames).toEqual([]);
    expect(assembler.dropped).toBe(1);
  });
});

test("Opus packets are frames, whatever was lost between them", () => {
  const { assembler, frames } = assemble(new OpusDepacketizer(), false);
  assembler.packet(rtp(0, 0, false, Buffer.of(1)), 0);
  assembler.gap(1);
  assembler.packet(rtp(2, 1920, false, Buffer.of(2)), 0);
  expect(frames.map(({ data, timestamp }) => [data[0], timestamp])).toEqual([
    [1, 0],
    [2, 1920],
  ]);
});

test.each([
  ["VP8", () => new Vp8Depacketizer(), true],
  ["H.264", () => new H264Depacketizer(), true],
  ["Opus", () => new OpusDepacketizer(), false],
] as const)("no payload makes the %s assembler throw", (_, make, keyed) => {
  const starts = [
    [0x7c, 0x87],
    [0x7c, 0x85],
    [0x67, 0x42],
    [0x68],
    [0x78],
    [0x65, 0x88],
    [0x90, 0x80],
  ];
  const bytes = fc.uint8Array({ maxLength: 60 });
  const hostile = fc.array(
    fc.record({
      payload: fc.oneof(
        bytes,
        ...starts.map((start) => bytes.map((rest) => Uint8Array.from([...start, ...rest]))),
      ),
      timestamp: fc.integer({ min: 0, max: 3 }),
      marker: fc.boolean(),
      gap: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(hostile, (packets) => {
      const { assembler } = assemble(make(), keyed);
      for (const [i, { payload, timestamp, marker, gap }] of packets.entries()) {
        if (gap > 0) assembler.gap(gap);
        assembler.packet(rtp(i, timestamp, marker, Buffer.from(payload)), 0);
      }
    }),
    { numRuns: 1000 },
  );
});
