import { describe, expect, it } from "vitest";
import { fittedInto, i420Size, meanColour, rgbOfYuv, yuvOfRgb } from "./picture.ts";

describe("meanColour", () => {
  it("averages the pixels of a rectangle in each plane", () => {
    const data = new Uint8Array(i420Size(4, 4)).fill(128);
    data.set([10, 20, 10, 20], 0);
    data.set([30, 40, 30, 40], 4);
    const picture = { format: "i420", width: 4, height: 4, data } as const;
    expect(meanColour(picture, { x: 0, y: 0, width: 2, height: 2 })).toEqual({
      y: 25,
      u: 128,
      v: 128,
    });
  });

  it("reads at least one pixel, also of a rectangle outside", () => {
    const picture = {
      format: "i420",
      width: 2,
      height: 2,
      data: new Uint8Array(6).fill(7),
    } as const;
    expect(meanColour(picture, { x: 9, y: -4, width: 0, height: 0 })).toEqual({ y: 7, u: 7, v: 7 });
  });

  it("converts RGB", () => {
    const data = Uint8Array.from([255, 255, 255, 0, 0, 0]);
    const picture = { format: "rgb24", width: 2, height: 1, data } as const;
    expect(meanColour(picture, { x: 0, y: 0, width: 1, height: 1 }).y).toBeCloseTo(235, 0);
    expect(meanColour(picture, { x: 1, y: 0, width: 1, height: 1 }).y).toBeCloseTo(16, 0);
  });
});

it("YUV survives the way to RGB and back", () => {
  const { r, g, b } = rgbOfYuv({ y: 120, u: 90, v: 170 });
  const { y, u, v } = yuvOfRgb(r, g, b);
  expect([y, u, v].map(Math.round)).toEqual([120, 90, 170]);
});

it("a wide picture is letterboxed and a tall one pillarboxed", () => {
  const tile = { x: 10, y: 10, width: 100, height: 100 };
  expect(fittedInto(tile, 2)).toEqual({ x: 10, y: 35, width: 100, height: 50 });
  expect(fittedInto(tile, 0.5)).toEqual({ x: 35, y: 10, width: 50, height: 100 });
});
