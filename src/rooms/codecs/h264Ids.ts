import { BitReader } from "./bitReader.ts";
import { withoutEmulation } from "./h264Sps.ts";

export const nalType = {
  slice: 1,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  filler: 12,
} as const;

const maxSpsId = 31;
const maxPpsId = 255;
/** The fields below are within the first bytes, which keeps reading cheap. */
const headBytes = 24;

export const typeOf = (nal: Buffer): number => (nal[0] ?? 0) & 0x1f;

/** A slice of a picture. */
export const isSlice = (type: number): boolean => type >= nalType.slice && type <= nalType.idr;

/** Id of a sequence parameter set (H.264 §7.3.2.1.1); undefined when it makes no sense. */
export function spsId(nal: Buffer): number | undefined {
  const bits = headOf(nal);
  bits.bits(24);
  return inRange(bits, maxSpsId);
}

/** Ids of a picture parameter set and of the sequence parameter set it refers to (§7.3.2.2). */
export function ppsIds(nal: Buffer): { id: number; sps: number } | undefined {
  const bits = headOf(nal);
  const id = inRange(bits, maxPpsId);
  const sps = inRange(bits, maxSpsId);
  return id === undefined || sps === undefined ? undefined : { id, sps };
}

/** Id of the picture parameter set that a slice refers to (§7.3.3). */
export function ppsOfSlice(nal: Buffer): number | undefined {
  const bits = headOf(nal);
  bits.unsigned();
  bits.unsigned();
  return inRange(bits, maxPpsId);
}

const headOf = (nal: Buffer): BitReader =>
  new BitReader(withoutEmulation(nal.subarray(1, 1 + headBytes)));

function inRange(bits: BitReader, highest: number): number | undefined {
  const value = bits.unsigned();
  return value <= highest && !bits.exhausted ? value : undefined;
}
