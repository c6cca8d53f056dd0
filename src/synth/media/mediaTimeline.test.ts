import { describe, expect, it } from "vitest";
import { isOn } from "./beep.ts";
import { DtxFilter } from "./dtxFilter.ts";
import { defaultLoop, type MediaLoop, parseLoop, serialiseLoop } from "./mediaLoop.ts";
import { MediaTimeline } from "./mediaTimeline.ts";

function loopOf(spec: Partial<MediaLoop["spec"]> = {}): MediaLoop {
  const full = { ...defaultLoop, ...spec };
  return {
    spec: full,
    video: Array.from({ length: full.fps * full.seconds }, (_, counter) => ({
      data: Buffer.from(`v${counter}`),
      key: counter % full.fps === 0,
      counter,
      flash: isOn((counter * 1000) / full.fps),
    })),
    audio: Array.from({ length: full.seconds * 50 }, (_, index) => ({
      data: Buffer.from(`a${index}`),
      levelDbov: isOn(index * 20) ? -15 : -127,
    })),
  };
}

describe("the timeline", () => {
  it("begins again at the end of the loop", () => {
    const timeline = new MediaTimeline(loopOf());
    expect(timeline.frameAt(119, { key: false }).counter).toBe(119);
    expect(timeline.frameAt(120, { key: false }).counter).toBe(0);
    expect(timeline.packetAt(200).data.toString()).toBe("a0");
  });

  it("jumps to the next key frame and takes the sound along", () => {
    const timeline = new MediaTimeline(loopOf());
    expect(timeline.frameAt(10, { key: true })).toMatchObject({ key: true, counter: 30 });
    expect(timeline.frameAt(11, { key: false }).counter).toBe(31);
    for (let slot = 50; slot < 250; slot++) {
      const packet = Number(timeline.packetAt(slot).data.toString().slice(1));
      const frame = timeline.frameAt(Math.round((slot * 20) / timeline.frameMs), { key: false });
      const apart = Math.abs(packet * 20 - frame.counter * timeline.frameMs);
      expect(Math.min(apart, 4000 - apart)).toBeLessThanOrEqual(27);
    }
  });

  it("stays where it is when the next frame is a key frame already", () => {
    expect(new MediaTimeline(loopOf()).frameAt(30, { key: true }).counter).toBe(30);
  });

  it("goes on in the same second with another size", () => {
    const timeline = new MediaTimeline(loopOf());
    timeline.frameAt(10, { key: true });
    timeline.replace(loopOf({ width: 640, height: 360 }));
    expect(timeline.frameAt(11, { key: true })).toMatchObject({ key: true, counter: 60 });
    expect(timeline.loop.spec.width).toBe(640);
  });

  it("refuses another codec or frame rate", () => {
    const timeline = new MediaTimeline(loopOf());
    expect(() => timeline.replace(loopOf({ codec: "H264" }))).toThrow(RangeError);
    expect(() => timeline.replace(loopOf({ fps: 15 }))).toThrow(RangeError);
  });
});

describe("a loop's file", () => {
  it("is read as it was written", () => {
    const loop = loopOf();
    expect(parseLoop(serialiseLoop(loop))).toEqual(loop);
  });

  it("is refused when cut short", () => {
    const file = serialiseLoop(loopOf());
    expect(() => parseLoop(file.subarray(0, -1))).toThrow();
    expect(() => parseLoop(file.subarray(0, 100))).toThrow();
    expect(() => parseLoop(Buffer.alloc(0))).toThrow();
  });
});

describe("discontinuous transmission", () => {
  const run = (levels: number[], on: boolean) => {
    const filter = new DtxFilter();
    return levels.map((levelDbov) => filter.decide({ data: Buffer.alloc(1), levelDbov }, on));
  };
  const silence = (count: number) => Array.from({ length: count }, () => -127);

  it("leaves silence out but for one packet every 400 ms, and marks what comes after", () => {
    const decisions = run([-15, ...silence(60), -15, -15], true);
    const sent = decisions.flatMap(({ send }, index) => (send ? [index] : []));
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 20, 40, 60, 61, 62]);
    expect(decisions.flatMap(({ first }, index) => (first ? [index] : []))).toEqual([61]);
  });

  it("switched off sends everything unmarked", () => {
    const decisions = run([-15, ...silence(30), -15], false);
    expect(decisions.every(({ send, first }) => send && !first)).toBe(true);
  });
});
