import { describe, expect, test } from "vitest";
import { ppsUnit, sliceUnit, spsUnit } from "../../../test/support/h264Units.ts";
import { video } from "../../../test/support/rtpPackets.ts";
import type { TimedFrame } from "../codecs/frames.ts";
import { PictureGate } from "./pictureGate.ts";
import type { TrackSink } from "./trackConsumers.ts";
import { TrackReceiver } from "./trackReceiver.ts";

const vp8Key = (width: number, height: number): Buffer => {
  const payload = Buffer.alloc(30, 7);
  payload.writeUInt8(0x10, 0);
  payload.writeUInt8(0x10, 1);
  payload.writeUIntBE(0x9d012a, 4, 3);
  payload.writeUInt16LE(width, 7);
  payload.writeUInt16LE(height, 9);
  return payload;
};
const vp8Delta = Buffer.concat([Buffer.of(0x10, 0x11), Buffer.alloc(30, 7)]);
const aggregate = (...nals: Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.of(0x78),
    ...nals.flatMap((nal) => [Buffer.of(nal.length >> 8, nal.length & 0xff), nal]),
  ]);
const idr = sliceUnit({ idr: true });

describe("a gate for VP8", () => {
  test.each([
    [640, 360, true],
    [3840, 2160, true],
    [2160, 3840, true],
    [5120, 2880, true],
    [8192, 1800, true],
    [8193, 100, false],
    [5120, 2896, false],
    [16_000, 16_000, false],
    [16_383, 16_383, false],
  ])("lets pictures of %i × %i px pass: %s", (width, height, passes) => {
    const gate = new PictureGate("VP8");
    expect(gate.passes(vp8Key(width, height))).toBe(passes);
    expect(gate.passes(vp8Delta)).toBe(passes);
    expect(gate.passes(vp8Key(640, 360))).toBe(true);
  });

  test("keeps out a key picture that does not say how large it is", () => {
    expect(new PictureGate("VP8").passes(vp8Key(640, 360).subarray(0, 6))).toBe(false);
  });
});

describe("a gate for H.264", () => {
  test("keeps out what refers to parameter sets that are too large, until they are replaced", () => {
    const gate = new PictureGate("H264");
    expect(gate.passes(spsUnit(0, 640, 352))).toBe(true);
    expect(gate.passes(spsUnit(1, 16_000, 16_000))).toBe(false);
    expect(gate.passes(ppsUnit(0, 1))).toBe(false);
    expect(gate.passes(idr)).toBe(false);
    // Another set does not take back what was announced.
    expect(gate.passes(spsUnit(0, 640, 352))).toBe(false);
    expect(gate.passes(aggregate(spsUnit(1, 640, 352), ppsUnit(0, 1)))).toBe(true);
    expect(gate.passes(idr)).toBe(true);
    expect(gate.refused).toBe(1);
  });

  test("keeps out parameter sets in an aggregate, and such as are cut into pieces", () => {
    const gate = new PictureGate("H264");
    expect(gate.passes(aggregate(spsUnit(0, 16_000, 16_000), ppsUnit(0, 0)))).toBe(false);
    expect(gate.passes(spsUnit(0, 640, 352))).toBe(true);
    expect(gate.passes(Buffer.concat([Buffer.of(0x7c, 0x87), spsUnit(0, 640, 352)]))).toBe(false);
    expect(gate.passes(spsUnit(0, 640, 352))).toBe(true);
  });
});

test("of a sender of huge pictures nothing is stored or passed on but those that are not", () => {
  const line = { ...video };
  const receiver = new TrackReceiver(line, 1, () => undefined, { arrived: () => undefined });
  const stored: TimedFrame[] = [];
  const passed: boolean[] = [];
  const left: string[] = [];
  const sink: TrackSink = {
    frame: (frame) => stored.push(frame) > 0,
    leftOut: (reason, count) => left.push(`${reason} ${count}`),
    ...{ isOn: () => true, received: () => undefined, level: () => undefined },
    ...{ senderReport: () => undefined, restart: () => undefined },
  };
  let restarts = 0;
  receiver.tap(sink, 0);
  receiver.addForwarder(
    {
      needsKeyframe: false,
      packet: ({ startsKeyframe }) => passed.push(startsKeyframe),
      senderReport: () => undefined,
      restart: () => void restarts++,
    },
    0,
  );
  const send = (sequence: number, payload: Buffer) => {
    const header = Buffer.alloc(12);
    header.writeUInt16BE(0x80e0, 0);
    header.writeUInt16BE(sequence, 2);
    header.writeUInt32BE(sequence * 3000, 4);
    header.writeUInt32BE(5, 8);
    receiver.receive(Buffer.concat([header, payload]), sequence * 33);
  };
  for (const [index, payload] of [
    vp8Key(16_000, 16_000),
    vp8Delta,
    vp8Key(640, 360),
    vp8Delta,
    vp8Key(16_000, 15_000),
    vp8Delta,
    vp8Key(1280, 720),
  ].entries())
    send(index + 1, payload);
  expect(stored.map(({ key, width }) => (key ? width : "delta"))).toEqual([640, "delta", 1280]);
  expect(passed).toEqual([true, false, true]);
  expect(left).toEqual(["picture_size 1", "picture_size 1"]);
  expect(restarts).toBe(2);
});
