import { describe, expect, it } from "vitest";
import {
  alignment,
  dueSlices,
  frameCount,
  frameSample,
  type Slice,
  sliceLength,
  sliceName,
  sliceOfName,
  wholePlan,
} from "./slicePlan.ts";

const slice = (fromFrame: number, toFrame: number, last = false): Slice => ({
  ...{ fromFrame, toFrame, last },
});
const ranges = (plan: Slice[]) => plan.map(({ fromFrame, toFrame }) => [fromFrame, toFrame]);

/** Every picture once, in order, and sound cut between AAC frames. */
function expectWhole(plan: Slice[], total: number): void {
  let at = 0;
  for (const { fromFrame, toFrame } of plan) {
    expect(fromFrame).toBe(at);
    expect(toFrame).toBeGreaterThan(fromFrame);
    expect(frameSample(fromFrame) % 1024).toBe(0);
    at = toFrame;
  }
  expect(at).toBe(total);
  expect(plan.map(({ last }) => last)).toEqual(plan.map((_, index) => index === plan.length - 1));
}

describe("slices of a running recording", () => {
  it("are due in order once their time is settled, those present left out", () => {
    expect(dueSlices([], 15_999, 480, 9)).toEqual([]);
    expect(dueSlices([], 32_000, 480, 9)).toEqual([slice(0, 480), slice(480, 960)]);
    expect(dueSlices([slice(0, 480)], 60_000, 480, 1)).toEqual([slice(480, 960)]);
    expect(dueSlices([], -4000, 480, 1)).toEqual([]);
  });

  it("begin and end between two AAC frames and, for pictures, at a key frame of one pass", () => {
    for (const audioOnly of [false, true]) {
      expect(sliceLength(audioOnly) % alignment).toBe(0);
      expect(sliceLength(audioOnly) % 60).toBe(0);
    }
    expect(frameSample(alignment) % 1024).toBe(0);
  });
});

describe("the plan of a whole file", () => {
  it.each([1, 2, 4, 8])("without any slice shares the work among %d workers", (parallel) => {
    for (const total of [1, 15, 16, 127, 900, 1800, 27_001]) {
      const plan = wholePlan([], total, 480, parallel);
      expectWhole(plan, total);
      expect(Math.max(...ranges(plan).map(([from = 0, to = 0]) => to - from))).toBeLessThanOrEqual(
        480,
      );
    }
    expect(wholePlan([], 900, 480, 2)).toHaveLength(2);
  });

  it("uses what is there and cuts only the tail among the workers", () => {
    const present = [slice(0, 480), slice(480, 960)];
    const plan = wholePlan(present, 1300, 480, 2);
    expectWhole(plan, 1300);
    expect(ranges(plan)).toEqual([
      [0, 480],
      [480, 960],
      [960, 1136],
      [1136, 1300],
    ]);
  });

  it("closes holes, and goes on after a crash with what its forerunner made of the tail", () => {
    const present = [slice(0, 480), slice(960, 1440), slice(1616, 1700, true)];
    const plan = wholePlan(present, 1700, 480, 2);
    expectWhole(plan, 1700);
    expect(ranges(plan)).toContainEqual([960, 1440]);
    expect(ranges(plan)).toContainEqual([1616, 1700]);
  });

  it("does not take a slice without the end of the sound for the last, nor one beyond the end", () => {
    const present = [slice(0, 480), slice(480, 960), slice(960, 1440)];
    for (const total of [960, 961, 1200]) {
      const plan = wholePlan(present, total, 480, 2);
      expectWhole(plan, total);
      expect(present).not.toContain(plan.at(-1));
    }
  });
});

it("a slice's name says which it is", () => {
  for (const one of [slice(0, 480), slice(27_360, 27_371, true)])
    expect(sliceOfName(sliceName(one))).toEqual(one);
  for (const name of [
    "",
    "x.slice",
    "00000000-00000480.slice.part",
    "00000000-00000480.slice.tracks-Ab",
  ])
    expect(sliceOfName(name)).toBeUndefined();
});

it("a file has a picture even when it lasts no time", () => {
  expect([0, 10, 50, 1000].map(frameCount)).toEqual([1, 1, 2, 30]);
});
