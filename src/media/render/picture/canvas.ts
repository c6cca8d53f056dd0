import type { Rect, Size } from "../../../core/picture/geometry.ts";
import type { Yuv } from "./colour.ts";
import type { Overlay, OverlayPlane } from "./overlay.ts";

/** The picture being composed: I420 without row padding, in memory that belongs to JavaScript. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
  #planes: { data: Buffer; stride: number; shift: 0 | 1 }[];

  /** Width and height are even. */
  constructor({ width, height }: Size) {
    this.width = width;
    this.height = height;
    const luma = width * height;
    const chroma = luma / 4;
    this.data = Buffer.alloc(luma + 2 * chroma);
    const plane = (from: number, to: number) => this.data.subarray(from, to);
    this.#planes = [
      { data: plane(0, luma), stride: width, shift: 0 },
      { data: plane(luma, luma + chroma), stride: width / 2, shift: 1 },
      { data: plane(luma + chroma, luma + 2 * chroma), stride: width / 2, shift: 1 },
    ];
  }

  fill(rect: Rect, { y, u, v }: Yuv): void {
    [y, u, v].forEach((value, index) => {
      for (const row of this.#rows(index, rect)) row.fill(value);
    });
  }

  /** The rows of one plane (0 luma, 1 and 2 chroma) inside a rectangle, as views to write to. */
  rows(plane: number, rect: Rect): Buffer[] {
    return [...this.#rows(plane, rect)];
  }

  /** Blends an overlay in; it must lie inside the canvas, at an even position. */
  blend(overlay: Overlay, x: number, y: number): void {
    overlay.planes.forEach((source, index) => {
      const target = this.#planes[index];
      if (!target) return;
      const at = (y >> target.shift) * target.stride + (x >> target.shift);
      blendPlane(target.data, target.stride, at, source);
    });
  }

  *#rows(index: number, rect: Rect): Generator<Buffer> {
    const plane = this.#planes[index];
    if (!plane) return;
    const { data, stride, shift } = plane;
    const width = rect.width >> shift;
    const top = rect.y >> shift;
    for (let row = top; row < top + (rect.height >> shift); row++) {
      const from = row * stride + (rect.x >> shift);
      yield data.subarray(from, from + width);
    }
  }
}

function blendPlane(target: Buffer, stride: number, at: number, plane: OverlayPlane): void {
  const { width, height, alpha, source } = plane;
  for (let row = 0; row < height; row++) {
    let to = at + row * stride;
    let from = row * width;
    for (const end = from + width; from < end; from++, to++) {
      const over = alpha[from] ?? 0;
      if (over === 0) continue;
      target[to] = (source[from] ?? 0) + ((((target[to] ?? 0) * (255 - over) + 127) / 255) | 0);
    }
  }
}
