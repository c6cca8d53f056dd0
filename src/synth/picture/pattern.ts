import { colourOf, paletteIndexOf } from "./palette.ts";
import { i420Size, meanColour, type Picture, partOf, type Rect } from "./picture.ts";

/**
 * The test picture: a field in the participant's colour; in the middle two rows of twelve black or white cells that
 * spell a counter; under them a bar that is white while the beep sounds. Top and bottom carry no information, so a
 * name tag may cover them. Everything is a fraction of the picture, so any scaling keeps it readable.
 */
const colourField: Rect = { x: 0.05, y: 0.14, width: 0.9, height: 0.2 };
const strip: Rect = { x: 0, y: 0.4, width: 1, height: 0.2 };
const flashBar: Rect = { x: 0, y: 0.62, width: 1, height: 0.16 };

const columns = 12;
const cellCount = 2 * columns;
const counterBits = 16;
const parityBits = cellCount - counterBits - 2;

/** Counters are read modulo this. */
export const counterLimit = 2 ** counterBits;

const black = 16;
const white = 235;

/** What one participant's picture says. */
export interface PatternMark {
  /** Index into the palette; undefined when no participant's colour is seen. */
  colour: number | undefined;
  /** Undefined when the cells contradict their parity or are not clearly black or white. */
  counter: number | undefined;
  flash: boolean;
}

export interface PatternFrame {
  counter: number;
  flash: boolean;
}

/**
 * Draws frames of one participant as I420 (see `Picture`). The returned function reuses one buffer: what it returns
 * is valid until the next call.
 * @throws RangeError for sizes that are odd or below 96×48
 */
export function createPatternPainter(
  participant: number,
  width: number,
  height: number,
): (frame: PatternFrame) => Uint8Array {
  if (width % 2 || height % 2 || width < 96 || height < 48)
    throw new RangeError(`a pattern of ${width}x${height} cannot be drawn`);
  const { y, u, v } = colourOf(participant);
  const data = new Uint8Array(i420Size(width, height)).fill(y, 0, width * height);
  const quarter = (data.length - width * height) / 2;
  data.fill(u, width * height, width * height + quarter).fill(v, width * height + quarter);
  neutralise(data, width, height);
  const texture = createTexture(width, y);
  return ({ counter, flash }) => {
    texture(data, 0, Math.floor(strip.y * height), counter);
    texture(data, Math.ceil((flashBar.y + flashBar.height) * height), height, counter);
    cells(counter).forEach((lit, index) => {
      fillLuma(data, width, pixels(cellRect(index), width, height), lit ? white : black);
    });
    fillLuma(data, width, pixels(flashBar, width, height), flash ? white : black);
    return data;
  };
}

/** Reads the mark of the picture shown in `rect` (the whole picture unless given); see `fittedInto` for letterboxes. */
export function readPattern(picture: Picture, rect?: Rect): PatternMark {
  const area = rect ?? { x: 0, y: 0, width: picture.width, height: picture.height };
  const luma = (part: Rect) => meanColour(picture, partOf(area, part)).y;
  const light = luma(middleOf(cellRect(0)));
  const dark = luma(middleOf(cellRect(cellCount - 1)));
  const colour = paletteIndexOf(meanColour(picture, partOf(area, colourField)));
  if (light - dark < 70) return { colour, counter: undefined, flash: false };
  const level = (part: Rect) => (luma(middleOf(part)) - dark) / (light - dark);
  const counter = decodeCells((index) => level(cellRect(index)));
  return { colour, counter, flash: level(flashBar) > 0.5 };
}

/** The first cell is white and the last black: what the others are measured against. */
function cells(counter: number): boolean[] {
  const word = counter % counterLimit;
  const bits = (value: number, count: number) =>
    Array.from({ length: count }, (_, bit) => ((value >> (count - 1 - bit)) & 1) === 1);
  return [true, ...bits(word, counterBits), ...bits(parity(word), parityBits), false];
}

function decodeCells(level: (index: number) => number): number | undefined {
  let value = 0;
  for (let index = 1; index < cellCount - 1; index++) {
    const seen = level(index);
    if (seen > 0.35 && seen < 0.65) return undefined;
    value = value * 2 + (seen >= 0.65 ? 1 : 0);
  }
  const counter = Math.floor(value / 2 ** parityBits);
  return value % 2 ** parityBits === parity(counter) ? counter : undefined;
}

/** CRC-6-ITU (x⁶ + x + 1) over the 16 bits of the counter. */
function parity(word: number): number {
  let register = 0;
  for (let bit = counterBits - 1; bit >= 0; bit--) {
    const carry = ((register >> 5) & 1) ^ ((word >> bit) & 1);
    register = ((register << 1) & 0x3f) ^ (carry ? 0x03 : 0);
  }
  return register;
}

function cellRect(index: number): Rect {
  const row = Math.floor(index / columns);
  const size = { width: strip.width / columns, height: strip.height / 2 };
  return { x: (index % columns) * size.width, y: strip.y + row * size.height, ...size };
}

/** Edges blur when a picture is scaled; the middle half does not. */
function middleOf(rect: Rect): Rect {
  return partOf(rect, { x: 0.25, y: 0.25, width: 0.5, height: 0.5 });
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function pixels(part: Rect, width: number, height: number): Box {
  return {
    left: Math.round(part.x * width),
    right: Math.round((part.x + part.width) * width),
    top: Math.round(part.y * height),
    bottom: Math.round((part.y + part.height) * height),
  };
}

function fillLuma(data: Uint8Array, stride: number, box: Box, value: number): void {
  for (let row = box.top; row < box.bottom; row++)
    data.fill(value, row * stride + box.left, row * stride + box.right);
}

/** Takes the colour out from under the cells and the bar, so that black and white stay black and white in RGB. */
function neutralise(data: Uint8Array, width: number, height: number): void {
  const half = { width: width / 2, height: height / 2 };
  const planes = [width * height, width * height + half.width * half.height];
  const { top } = pixels(strip, half.width, half.height);
  const { bottom } = pixels(flashBar, half.width, half.height);
  for (const plane of planes) data.fill(128, plane + top * half.width, plane + bottom * half.width);
}

/** Brightness of the texture around the colour's own, either way. */
const textureDepth = 14;

/** A grain that no frame can predict from another: without it a codec would need next to no bits for the picture. */
function createTexture(width: number, luma: number) {
  const grain = Uint8Array.from(pseudoRandom(width * 4), (value) => {
    return luma + Math.round((value * 2 - 1) * textureDepth);
  });
  return (data: Uint8Array, from: number, to: number, counter: number) => {
    for (let row = from; row < to; row++) {
      const shift = scrambled((row >> 2) * 4096 + counter) % (width * 3);
      data.set(grain.subarray(shift, shift + width), row * width);
    }
  };
}

/** The last step of MurmurHash3: near inputs give far outputs. */
function scrambled(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

/** Numbers in [0, 1) in runs of four, always the same (a linear congruential generator). */
function* pseudoRandom(count: number): Generator<number> {
  let state = 1;
  for (let index = 0; index < count; index++) {
    if (index % 4 === 0) state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}
