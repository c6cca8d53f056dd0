import { describe, expect, it } from "vitest";
import { Canvas } from "./canvas.ts";
import { theme, yuv } from "./colour.ts";
import { invertedPart, Overlay, roundedMask } from "./overlay.ts";

const solid = (width: number, height: number) => ({
  width,
  height,
  alpha: new Uint8Array(width * height).fill(255),
});

describe("Canvas", () => {
  it("fills a rectangle of all three planes and nothing else", () => {
    const canvas = new Canvas({ width: 8, height: 4 });
    canvas.fill({ x: 2, y: 2, width: 4, height: 2 }, { y: 9, u: 8, v: 7 });
    expect([...canvas.data.subarray(16, 24)]).toEqual([0, 0, 9, 9, 9, 9, 0, 0]);
    expect([...canvas.data.subarray(0, 16)].every((value) => value === 0)).toBe(true);
    expect([...canvas.data.subarray(32)]).toEqual([0, 0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 7, 7, 0]);
  });

  it("blends an overlay by its opacity", () => {
    const canvas = new Canvas({ width: 4, height: 4 });
    canvas.fill({ x: 0, y: 0, width: 4, height: 4 }, { y: 100, u: 128, v: 128 });
    const half = new Overlay(2, 2).paint(
      solid(2, 2),
      { x: 0, y: 0 },
      { y: 200, u: 28, v: 228 },
      0.5,
    );
    canvas.blend(half, 2, 2);
    expect(canvas.data[0]).toBe(100);
    expect(Math.abs((canvas.data[15] ?? 0) - 150)).toBeLessThanOrEqual(1);
    expect(Math.abs((canvas.data[19] ?? 0) - 78)).toBeLessThanOrEqual(1);
    expect(Math.abs((canvas.data[23] ?? 0) - 178)).toBeLessThanOrEqual(1);
  });

  it("covers fully with an opaque overlay, whatever was under it", () => {
    const canvas = new Canvas({ width: 4, height: 4 });
    const opaque = new Overlay(4, 4).paint(solid(4, 4), { x: 0, y: 0 }, theme.text);
    for (const under of [0, 255]) {
      canvas.data.fill(under);
      canvas.blend(opaque, 0, 0);
      expect(new Set(canvas.data.subarray(0, 16))).toEqual(new Set([235]));
    }
  });
});

describe("masks", () => {
  it("round the corners and leave the rest", () => {
    const mask = roundedMask(20, 12, 6);
    expect(mask.alpha[0]).toBe(0);
    expect(mask.alpha[6 * 20 + 10]).toBe(255);
    expect(mask.alpha[10]).toBe(255);
    const cut = invertedPart(mask, 14, 0, 6);
    expect(cut.alpha[5]).toBe(255);
    expect(cut.alpha[5 * 6]).toBe(0);
  });
});

describe("yuv", () => {
  it("is BT.601 in limited range", () => {
    expect(yuv("#000000")).toEqual({ y: 16, u: 128, v: 128 });
    expect(yuv("#ffffff")).toEqual({ y: 235, u: 128, v: 128 });
    expect(yuv("#ff0000")).toEqual({ y: 81, u: 90, v: 240 });
  });
});
