/** A stretch of a file that is uploaded by one request. */
export interface Part {
  /** From 1. */
  number: number;
  /** Offset in the file. */
  start: number;
  sizeBytes: number;
}

const mebibyte = 1 << 20;
const mostParts = 10_000;

/** Cuts a file into parts of that size, larger ones (whole MiB) where they would be more than S3 takes. */
export function planParts(sizeBytes: number, partBytes: number): Part[] {
  const least = Math.ceil(sizeBytes / mostParts / mebibyte) * mebibyte;
  const size = Math.max(partBytes, least);
  return Array.from({ length: Math.ceil(sizeBytes / size) }, (_, index) => {
    const start = index * size;
    return { number: index + 1, start, sizeBytes: Math.min(size, sizeBytes - start) };
  });
}
