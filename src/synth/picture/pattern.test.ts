import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { colourOf, palette, paletteIndexOf } from "./palette.ts";
import { createPatternPainter, readPattern } from "./pattern.ts";
import { i420Size, type Picture, rgbOfYuv } from "./picture.ts";

const participants = fc.nat(palette.length - 1);
const counters = fc.nat(65_535);

function painted(
  participant: number,
  counter: number,
  flash: boolean,
  size = [1280, 720],
): Picture {
  const [width = 0, height = 0] = size;
  const data = createPatternPainter(participant, width, height)({ counter, flash });
  return { format: "i420", width, height, data };
}

/** Box-filtered, as any scaler does when it shrinks, into `rect` of a grey canvas. */
function shrunkInto(
  source: Picture,
  canvas: Picture,
  rect: { x: number; y: number; width: number; height: number },
) {
  for (const plane of [0, 1, 2]) {
    const from = planeOf(source, plane);
    const to = planeOf(canvas, plane);
    const shift = plane === 0 ? 0 : 1;
    const [width, height] = [rect.width >> shift, rect.height >> shift];
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        to.data[((rect.y >> shift) + row) * to.stride + (rect.x >> shift) + column] = boxMean(
          from,
          (column * from.stride) / width,
          (row * from.rows) / height,
          from.stride / width,
          from.rows / height,
        );
  }
}

interface Plane {
  data: Uint8Array;
  stride: number;
  rows: number;
}

function planeOf({ width, height, data }: Picture, plane: number): Plane {
  const luma = width * height;
  if (plane === 0) return { data: data.subarray(0, luma), stride: width, rows: height };
  const start = luma + (plane - 1) * (luma / 4);
  return { data: data.subarray(start, start + luma / 4), stride: width / 2, rows: height / 2 };
}

function boxMean(
  { data, stride }: Plane,
  x: number,
  y: number,
  width: number,
  height: number,
): number {
  let sum = 0;
  let count = 0;
  for (let row = Math.floor(y); row < y + height; row++)
    for (let column = Math.floor(x); column < x + width; column++) {
      sum += data[row * stride + column] ?? 0;
      count++;
    }
  return sum / count;
}

function greyCanvas(width: number, height: number): Picture {
  return { format: "i420", width, height, data: new Uint8Array(i420Size(width, height)).fill(128) };
}

function withNoise({ data, ...picture }: Picture, depth: number, seed: number): Picture {
  let state = seed >>> 0;
  const noisy = data.map((value) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.max(
      0,
      Math.min(255, value + Math.round(((state >>> 8) / 2 ** 24 - 0.5) * 2 * depth)),
    );
  });
  return { ...picture, data: noisy };
}

const runs = { numRuns: 25 };

describe("the pattern", () => {
  it("is read as it was drawn, in every colour", () => {
    palette.forEach((_, participant) => {
      const mark = readPattern(painted(participant, 4711 + participant, participant % 2 === 0));
      expect(mark).toEqual({
        colour: participant,
        counter: 4711 + participant,
        flash: participant % 2 === 0,
      });
    });
  });

  it("survives a ninth of a 360p canvas", () => {
    fc.assert(
      fc.property(participants, counters, fc.boolean(), (participant, counter, flash) => {
        const canvas = greyCanvas(640, 360);
        const tile = { x: 212, y: 120, width: 212, height: 120 };
        shrunkInto(painted(participant, counter, flash, [640, 360]), canvas, tile);
        expect(readPattern(canvas, tile)).toEqual({ colour: participant, counter, flash });
      }),
      runs,
    );
  });

  it("survives heavy noise, and is never misread when it does not", () => {
    fc.assert(
      fc.property(
        participants,
        counters,
        fc.nat(120),
        fc.nat(),
        (participant, counter, depth, seed) => {
          const mark = readPattern(
            withNoise(painted(participant, counter, true, [320, 180]), depth, seed),
          );
          expect([counter, undefined]).toContain(mark.counter);
          expect([participant, undefined]).toContain(mark.colour);
          if (depth <= 60) expect(mark).toEqual({ colour: participant, counter, flash: true });
        },
      ),
      runs,
    );
  });

  it("is read from RGB too", () => {
    const { width, height, data } = painted(3, 99, true, [160, 90]);
    const rgb = new Uint8Array(width * height * 3);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const chroma =
        width * height + ((pixel % width) >> 1) + (Math.floor(pixel / width) >> 1) * (width / 2);
      const { r, g, b } = rgbOfYuv({
        y: data[pixel] ?? 0,
        u: data[chroma] ?? 0,
        v: data[chroma + (width * height) / 4] ?? 0,
      });
      rgb.set([r, g, b], pixel * 3);
    }
    expect(readPattern({ format: "rgb24", width, height, data: rgb })).toEqual({
      colour: 3,
      counter: 99,
      flash: true,
    });
  });

  it("is not seen in an empty canvas", () => {
    const mark = readPattern(greyCanvas(320, 180));
    expect(mark).toEqual({ colour: undefined, counter: undefined, flash: false });
  });

  it("does not read a counter whose cells were tampered with", () => {
    fc.assert(
      fc.property(counters, fc.integer({ min: 1, max: 22 }), (counter, cell) => {
        const picture = painted(0, counter, false, [240, 120]);
        const [left, top] = [(cell % 12) * 20, 48 + Math.floor(cell / 12) * 12];
        for (let row = top; row < top + 12; row++)
          for (let column = left; column < left + 20; column++) {
            const at = row * 240 + column;
            picture.data[at] = 251 - (picture.data[at] ?? 0);
          }
        expect(readPattern(picture).counter).toBeUndefined();
      }),
      runs,
    );
  });

  it("counts modulo 65536", () => {
    expect(readPattern(painted(0, 65_536 + 5, false)).counter).toBe(5);
  });

  it("refuses sizes it cannot be read in", () => {
    expect(() => createPatternPainter(0, 95, 60)).toThrow(RangeError);
    expect(() => createPatternPainter(0, 64, 36)).toThrow(RangeError);
  });
});

describe("the palette", () => {
  it("keeps its colours apart from each other and from grey", () => {
    palette.forEach((colour, index) => {
      expect(paletteIndexOf(colour)).toBe(index);
    });
    expect(paletteIndexOf({ y: 120, u: 128, v: 128 })).toBeUndefined();
  });

  it("can be shown in RGB", () => {
    for (const colour of palette) {
      const { r, g, b } = rgbOfYuv(colour);
      for (const value of [r, g, b]) expect(value).toBeGreaterThan(0);
    }
  });

  it("wraps round", () => {
    expect(colourOf(9)).toBe(palette[1]);
  });
});
