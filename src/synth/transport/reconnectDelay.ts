const firstMs = 100;
const longestMs = 4000;

/** Wait before another try, ms: doubles from 100 to 4000, with half of it left to chance (`random` in [0, 1)). */
export function reconnectDelay(attempt: number, random: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** attempt);
  return full / 2 + (full / 2) * random;
}
