import { isPictureTooLarge } from "../../core/picture/pictureLimits.ts";
import { BitReader } from "./bitReader.ts";

export interface PictureSize {
  width: number;
  height: number;
}

/** Profiles whose parameter set carries chroma and scaling fields (H.264 §7.3.2.1.1). */
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** The fields read are within so many bytes, also with scaling lists. */
const headBytes = 2048;

/** Picture size in px from a sequence parameter set NAL unit; undefined when it makes no sense or is too large. */
export function pictureSize(sps: Buffer): PictureSize | undefined {
  const sizes = sizesOf(sps);
  if (!sizes || isPictureTooLarge(sizes.coded)) return undefined;
  const { width, height } = sizes.shown;
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** What a decoder has to hold, before anything is cut off; undefined when the set makes no sense. */
export function codedSize(sps: Buffer): PictureSize | undefined {
  return sizesOf(sps)?.coded;
}

function sizesOf(sps: Buffer): { coded: PictureSize; shown: PictureSize } | undefined {
  const bits = new BitReader(withoutEmulation(sps.subarray(1, 1 + headBytes)));
  const profile = bits.bits(8);
  bits.bits(16);
  bits.unsigned();
  const chromaFormat = highProfiles.has(profile) ? readHighFields(bits) : 1;
  skipOrderFields(bits);
  const sizes = readSizes(bits, chromaFormat);
  return bits.exhausted ? undefined : sizes;
}

/** Removes the 0x03 bytes that keep start codes out of the payload (H.264 §7.4.1). */
export function withoutEmulation(bytes: Buffer): Buffer {
  const kept = bytes.filter(
    (byte, i) => !(byte === 3 && i >= 2 && bytes[i - 1] === 0 && bytes[i - 2] === 0),
  );
  return Buffer.from(kept);
}

function readHighFields(bits: BitReader): number {
  const chromaFormat = bits.unsigned();
  if (chromaFormat === 3) bits.bits(1);
  bits.unsigned();
  bits.unsigned();
  bits.bits(1);
  if (bits.bits(1) === 1) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  return chromaFormat;
}

function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.bits(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
  }
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size && !bits.exhausted; i++) {
    const next = (((last + bits.signed()) % 256) + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function skipOrderFields(bits: BitReader): void {
  bits.unsigned();
  const orderType = bits.unsigned();
  if (orderType === 0) bits.unsigned();
  if (orderType === 1) {
    bits.bits(1);
    bits.signed();
    bits.signed();
    const cycle = Math.min(255, bits.unsigned());
    for (let i = 0; i < cycle; i++) bits.signed();
  }
  bits.unsigned();
  bits.bits(1);
}

function readSizes(bits: BitReader, chromaFormat: number) {
  const codedWidth = (bits.unsigned() + 1) * 16;
  const mapUnits = bits.unsigned() + 1;
  const frameOnly = bits.bits(1);
  if (frameOnly === 0) bits.bits(1);
  bits.bits(1);
  const codedHeight = (2 - frameOnly) * mapUnits * 16;
  const coded = { width: codedWidth, height: codedHeight };
  if (bits.bits(1) === 0) return { coded, shown: coded };
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * (2 - frameOnly);
  const horizontal = bits.unsigned() + bits.unsigned();
  const vertical = bits.unsigned() + bits.unsigned();
  const shown = { width: codedWidth - horizontal * unitX, height: codedHeight - vertical * unitY };
  return { coded, shown };
}
