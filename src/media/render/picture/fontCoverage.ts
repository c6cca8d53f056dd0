/**
 * Which characters a TrueType font can draw: its `cmap` table, formats 4 and 12
 * (https://learn.microsoft.com/typography/opentype/spec/cmap).
 */
export class FontCoverage {
  #ranges: { first: number; last: number }[];

  /** @throws RangeError for a font that is cut short */
  constructor(font: Buffer) {
    const cmap = findTable(font, "cmap");
    this.#ranges =
      cmap === undefined ? [] : subtables(font, cmap).flatMap((at) => ranges(font, at));
  }

  has(codePoint: number): boolean {
    return this.#ranges.some(({ first, last }) => codePoint >= first && codePoint <= last);
  }
}

function findTable(font: Buffer, tag: string): number | undefined {
  const count = font.readUInt16BE(4);
  for (let entry = 12; entry < 12 + count * 16; entry += 16)
    if (font.toString("latin1", entry, entry + 4) === tag) return font.readUInt32BE(entry + 8);
  return undefined;
}

/** Offsets of the Unicode subtables (platform 0, or 3 with encoding 1 or 10). */
function subtables(font: Buffer, cmap: number): number[] {
  const found: number[] = [];
  const count = font.readUInt16BE(cmap + 2);
  for (let entry = cmap + 4; entry < cmap + 4 + count * 8; entry += 8) {
    const platform = font.readUInt16BE(entry);
    const encoding = font.readUInt16BE(entry + 2);
    if (platform === 0 || (platform === 3 && (encoding === 1 || encoding === 10)))
      found.push(cmap + font.readUInt32BE(entry + 4));
  }
  return found;
}

function ranges(font: Buffer, at: number): { first: number; last: number }[] {
  const format = font.readUInt16BE(at);
  if (format === 4) return segments(font, at);
  return format === 12 ? groups(font, at) : [];
}

function segments(font: Buffer, at: number): { first: number; last: number }[] {
  const doubled = font.readUInt16BE(at + 6);
  const ends = at + 14;
  const starts = ends + doubled + 2;
  return Array.from({ length: doubled / 2 }, (_, index) => ({
    first: font.readUInt16BE(starts + 2 * index),
    last: font.readUInt16BE(ends + 2 * index),
  })).filter(({ first }) => first !== 0xffff);
}

function groups(font: Buffer, at: number): { first: number; last: number }[] {
  return Array.from({ length: font.readUInt32BE(at + 12) }, (_, index) => ({
    first: font.readUInt32BE(at + 16 + 12 * index),
    last: font.readUInt32BE(at + 20 + 12 * index),
  }));
}
