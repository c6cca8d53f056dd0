/** Pearson's correlation, -1 to 1; 0 where one of the two is always the same. */
export function correlation(pairs: readonly (readonly [number, number])[]): number {
  const count = pairs.length;
  if (count === 0) return 0;
  const meanX = pairs.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = pairs.reduce((sum, [, y]) => sum + y, 0) / count;
  let together = 0;
  let spreadX = 0;
  let spreadY = 0;
  for (const [x, y] of pairs) {
    together += (x - meanX) * (y - meanY);
    spreadX += (x - meanX) ** 2;
    spreadY += (y - meanY) ** 2;
  }
  const spread = Math.sqrt(spreadX * spreadY);
  // What differs by rounding alone does not differ.
  return spread < 1e-9 ? 0 : together / spread;
}
