import type { Yuv } from "./colour.ts";

/** Coverage of a shape, one byte a pixel, 255 is fully covered. */
export interface Mask {
  width: number;
  height: number;
  alpha: Uint8Array;
}

/** One plane, premultiplied: result = source + under · (255 − alpha) / 255. */
export interface OverlayPlane {
  width: number;
  height: number;
  alpha: Uint8Array;
  source: Uint8Array;
}

/** A small picture with transparency, to be blended into a canvas at even positions. Sizes are even. */
export class Overlay {
  readonly planes: [OverlayPlane, OverlayPlane, OverlayPlane];

  constructor(width: number, height: number) {
    const half = [width / 2, height / 2] as const;
    this.planes = [emptyPlane(width, height), emptyPlane(...half), emptyPlane(...half)];
  }

  get width(): number {
    return this.planes[0].width;
  }

  get height(): number {
    return this.planes[0].height;
  }

  /** Lays a shape of one colour over what is there. */
  paint(mask: Mask, { x, y }: { x: number; y: number }, colour: Yuv, opacity = 1): this {
    const at = (column: number, row: number) => coverage(mask, column - x, row - y) * opacity;
    const [luma, u, v] = this.planes;
    const averaged = (column: number, row: number) =>
      (at(2 * column, 2 * row) +
        at(2 * column + 1, 2 * row) +
        at(2 * column, 2 * row + 1) +
        at(2 * column + 1, 2 * row + 1)) /
      4;
    paintPlane(luma, at, colour.y);
    paintPlane(u, averaged, colour.u);
    paintPlane(v, averaged, colour.v);
    return this;
  }
}

function emptyPlane(width: number, height: number): OverlayPlane {
  const size = width * height;
  return { width, height, alpha: new Uint8Array(size), source: new Uint8Array(size) };
}

function coverage({ width, height, alpha }: Mask, x: number, y: number): number {
  return x < 0 || y < 0 || x >= width || y >= height ? 0 : (alpha[y * width + x] ?? 0);
}

function paintPlane(
  plane: OverlayPlane,
  alphaAt: (column: number, row: number) => number,
  value: number,
): void {
  for (let index = 0; index < plane.alpha.length; index++) {
    const over = alphaAt(index % plane.width, Math.floor(index / plane.width)) / 255;
    if (over === 0) continue;
    const keep = 1 - over;
    plane.alpha[index] = Math.round(255 * over + (plane.alpha[index] ?? 0) * keep);
    plane.source[index] = Math.round(value * over + (plane.source[index] ?? 0) * keep);
  }
}

/** A filled rectangle with rounded corners, its edge smoothed. */
export function roundedMask(width: number, height: number, radius: number): Mask {
  const alpha = new Uint8Array(width * height);
  for (let index = 0; index < alpha.length; index++) {
    const x = (index % width) + 0.5;
    const y = Math.floor(index / width) + 0.5;
    const dx = Math.max(radius - x, x - (width - radius), 0);
    const dy = Math.max(radius - y, y - (height - radius), 0);
    const inside = radius - Math.hypot(dx, dy) + 0.5;
    alpha[index] = Math.round(255 * Math.min(1, Math.max(0, inside)));
  }
  return { width, height, alpha };
}

/** The part of a mask that starts at a corner of it, inverted: what rounding a corner cuts away. */
export function invertedPart(mask: Mask, x: number, y: number, size: number): Mask {
  const alpha = new Uint8Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      alpha[row * size + column] = 255 - coverage(mask, x + column, y + row);
  return { width: size, height: size, alpha };
}
