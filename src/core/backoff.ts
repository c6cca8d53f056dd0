/** Waits that double from the first to the longest, ms. */
export interface Backoff {
  firstMs: number;
  mostMs: number;
}

/**
 * How long to wait after so many failures in a row (from 1), ms. `random` in [0, 1) decides the upper half, so that those
 * who failed together do not come back together; without it all of it is waited.
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random = 1): number {
  const full = Math.min(mostMs, firstMs * 2 ** (failures - 1));
  return full / 2 + (full / 2) * random;
}
