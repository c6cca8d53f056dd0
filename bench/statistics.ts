/** The value below which the share `p` (0…1) of `values` lies, interpolated. @throws RangeError for none */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * p;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError("no values");
  return below + (above - below) * (position - Math.floor(position));
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** What one round measured, in the same unit for both. */
export interface Pair {
  ours: number;
  baseline: number;
}

export interface Comparison extends Pair {
  /** Ratio of the medians. */
  ratio: number;
  /** Smallest and largest ratio of a single round. */
  spread: readonly [number, number];
}

/** Medians of rounds, and how far single rounds lie apart. */
export function compare(rounds: readonly Pair[]): Comparison {
  const ours = median(rounds.map((round) => round.ours));
  const baseline = median(rounds.map((round) => round.baseline));
  const ratios = rounds.map((round) => round.ours / round.baseline);
  return {
    ours,
    baseline,
    ratio: ours / baseline,
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** Runs both sides in turn, changing who begins, so that whatever drifts meanwhile meets both alike. */
export async function interleave(
  rounds: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) pairs.push({ ours: await ours(), baseline: await baseline() });
    else {
      const second = await baseline();
      pairs.push({ ours: await ours(), baseline: second });
    }
  }
  return pairs;
}
