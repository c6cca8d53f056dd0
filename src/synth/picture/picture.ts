/** A rectangle in pixels; edges need not be whole. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** An uncompressed picture without padding between rows: planar YUV 4:2:0 (limited range), or packed 8-bit RGB. */
export interface Picture {
  format: "i420" | "rgb24";
  width: number;
  height: number;
  data: Uint8Array;
}

export interface Colour {
  y: number;
  u: number;
  v: number;
}

/** Bytes of one I420 picture. */
export function i420Size(width: number, height: number): number {
  return width * height + 2 * halved(width) * halved(height);
}

const halved = (length: number) => (length + 1) >> 1;

/** The part of `rect` given in fractions of it, e.g. its middle half: `{x: .25, y: .25, width: .5, height: .5}`. */
export function partOf(rect: Rect, part: Rect): Rect {
  return {
    x: rect.x + part.x * rect.width,
    y: rect.y + part.y * rect.height,
    width: part.width * rect.width,
    height: part.height * rect.height,
  };
}

/** Where a picture of `aspect` (width / height) is seen inside `tile` when it is fitted and centred. */
export function fittedInto(tile: Rect, aspect: number): Rect {
  const width = Math.min(tile.width, tile.height * aspect);
  const height = width / aspect;
  const x = tile.x + (tile.width - width) / 2;
  return { x, y: tile.y + (tile.height - height) / 2, width, height };
}

/** Mean colour of the pixels whose centres lie in `rect`; at least one pixel is read. BT.601 for RGB. */
export function meanColour(picture: Picture, rect: Rect): Colour {
  const { width, height, data } = picture;
  const { left, right, top, bottom } = pixelsOf(rect, width, height);
  if (picture.format === "rgb24") return meanOfRgb(picture, { left, right, top, bottom });
  const chroma = { left: left >> 1, right: halved(right), top: top >> 1, bottom: halved(bottom) };
  const chromaWidth = halved(width);
  const plane = width * height;
  return {
    y: meanOfPlane(data, 0, width, { left, right, top, bottom }),
    u: meanOfPlane(data, plane, chromaWidth, chroma),
    v: meanOfPlane(data, plane + chromaWidth * halved(height), chromaWidth, chroma),
  };
}

interface Span {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function pixelsOf(rect: Rect, width: number, height: number): Span {
  const left = clamp(Math.round(rect.x), 0, width - 1);
  const top = clamp(Math.round(rect.y), 0, height - 1);
  return {
    left,
    top,
    right: clamp(Math.round(rect.x + rect.width), left + 1, width),
    bottom: clamp(Math.round(rect.y + rect.height), top + 1, height),
  };
}

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value));

function meanOfPlane(data: Uint8Array, start: number, stride: number, span: Span): number {
  let sum = 0;
  for (let row = span.top; row < span.bottom; row++) {
    const at = start + row * stride;
    for (let column = span.left; column < span.right; column++) sum += data[at + column] ?? 0;
  }
  return sum / ((span.right - span.left) * (span.bottom - span.top));
}

function meanOfRgb({ width, data }: Picture, span: Span): Colour {
  const sums = [0, 0, 0];
  for (let row = span.top; row < span.bottom; row++) {
    const end = (row * width + span.right) * 3;
    for (let at = (row * width + span.left) * 3; at < end; at++)
      sums[at % 3] = (sums[at % 3] ?? 0) + (data[at] ?? 0);
  }
  const count = (span.right - span.left) * (span.bottom - span.top);
  const [r = 0, g = 0, b = 0] = sums.map((sum) => sum / count);
  return yuvOfRgb(r, g, b);
}

/** BT.601, full-range RGB to limited-range YUV. */
export function yuvOfRgb(r: number, g: number, b: number): Colour {
  return {
    y: 16 + 0.257 * r + 0.504 * g + 0.098 * b,
    u: 128 - 0.148 * r - 0.291 * g + 0.439 * b,
    v: 128 + 0.439 * r - 0.368 * g - 0.071 * b,
  };
}

/** The opposite of `yuvOfRgb`, clamped to 0–255. */
export function rgbOfYuv({ y, u, v }: Colour): { r: number; g: number; b: number } {
  const luma = 1.164 * (y - 16);
  const byte = (value: number) => clamp(Math.round(value), 0, 255);
  return {
    r: byte(luma + 1.596 * (v - 128)),
    g: byte(luma - 0.392 * (u - 128) - 0.813 * (v - 128)),
    b: byte(luma + 2.017 * (u - 128)),
  };
}
