import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordingLayouts, recordingQualities } from "../recording.ts";
import { canvasSize, fitInto, type Rect } from "./geometry.ts";
import { tileRects } from "./layout.ts";

const scene = fc.record({
  layout: fc.constantFrom(...recordingLayouts),
  quality: fc.constantFrom(...recordingQualities),
  count: fc.integer({ min: 1, max: 25 }),
});

const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const isEven = ({ x, y, width, height }: Rect) => [x, y, width, height].every((n) => n % 2 === 0);
const isInside = (inner: Rect, outer: Rect) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe("tileRects", () => {
  it("gives even tiles inside the canvas that do not overlap", () => {
    fc.assert(
      fc.property(scene, ({ layout, quality, count }) => {
        const canvas = canvasSize(quality);
        const tiles = tileRects(layout, count, canvas);
        expect(tiles).toHaveLength(layout === "single-participant" ? 1 : count);
        for (const [index, tile] of tiles.entries()) {
          expect(isEven(tile) && isInside(tile, { x: 0, y: 0, ...canvas })).toBe(true);
          expect(Math.min(tile.width, tile.height)).toBeGreaterThan(0);
          for (const other of tiles.slice(index + 1)) expect(overlap(tile, other)).toBe(false);
        }
      }),
    );
  });

  it("gives equal 16:9 tiles in a grid, and to the others of a spotlight", () => {
    fc.assert(
      fc.property(scene, ({ layout, quality, count }) => {
        const [first, ...rest] = tileRects(layout, count, canvasSize(quality));
        const equals = layout === "grid" && first ? [first, ...rest] : rest;
        const sizes = new Set(equals.map(({ width, height }) => `${width}x${height}`));
        expect(sizes.size).toBeLessThanOrEqual(1);
        for (const { width, height } of equals)
          expect(Math.abs(height - (width * 9) / 16)).toBeLessThan(2);
      }),
    );
  });

  it("lets one participant fill the picture in every layout", () => {
    const full = { x: 0, y: 0, ...canvasSize("720p") };
    for (const layout of recordingLayouts)
      expect(tileRects(layout, 1, canvasSize("720p"))).toEqual([full]);
    expect(tileRects("single-participant", 5, canvasSize("720p"))).toEqual([full]);
    expect(tileRects("grid", 0, canvasSize("720p"))).toEqual([]);
  });

  it("makes the spotlight much larger than the others", () => {
    const [large, small] = tileRects("spotlight", 4, canvasSize("720p"));
    expect((large?.width ?? 0) / (small?.width ?? 1)).toBeGreaterThan(3);
  });
});

describe("fitInto", () => {
  it("shows any picture whole, centred and undistorted", () => {
    const size = fc.integer({ min: 16, max: 4096 });
    fc.assert(
      fc.property(size, size, scene, (width, height, { quality }) => {
        const rect = { x: 10, y: 20, ...canvasSize(quality) };
        const fitted = fitInto({ width, height }, rect);
        expect(isEven(fitted) && isInside(fitted, rect)).toBe(true);
        const scale = Math.min(rect.width / width, rect.height / height);
        expect(Math.abs(fitted.width - width * scale)).toBeLessThanOrEqual(2);
        expect(Math.abs(fitted.height - height * scale)).toBeLessThanOrEqual(2);
        expect(Math.abs(2 * (fitted.x - rect.x) + fitted.width - rect.width)).toBeLessThanOrEqual(
          2,
        );
      }),
    );
  });

  it("leaves bars beside a portrait picture only", () => {
    const rect = { x: 0, y: 0, width: 640, height: 360 };
    expect(fitInto({ width: 720, height: 1280 }, rect)).toEqual({
      x: 218,
      y: 0,
      width: 202,
      height: 360,
    });
    expect(fitInto({ width: 1280, height: 720 }, rect)).toEqual(rect);
  });
});
