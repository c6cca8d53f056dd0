/**
 * Upper edges of the slots in which latencies are counted, ms. The objectives are among them: what keeps within one is told
 * exactly.
 */
const edges = [
  1, 2, 5, 10, 20, 35, 50, 75, 100, 120, 150, 200, 250, 350, 500, 750, 1000, 1500, 2500, 5000,
  10_000,
];

/** One more, for what takes longer than all of them. */
export const slotCount = edges.length + 1;

/** How many took how long, by slot. */
export type Latencies = number[];

export const noLatencies = (): Latencies => new Array<number>(slotCount).fill(0);

export function countLatency(latencies: Latencies, ms: number): void {
  const edge = edges.findIndex((upper) => ms <= upper);
  const slot = edge < 0 ? edges.length : edge;
  latencies[slot] = (latencies[slot] ?? 0) + 1;
}

export function sumOf(all: readonly Latencies[]): Latencies {
  return noLatencies().map((_, slot) => all.reduce((sum, one) => sum + (one[slot] ?? 0), 0));
}

export const countOf = (latencies: Latencies): number =>
  latencies.reduce((sum, count) => sum + count, 0);

/** How many took longer than `ms`, which is one of the edges. */
export function slowerThan(latencies: Latencies, ms: number): number {
  const edge = edges.indexOf(ms);
  if (edge < 0) throw new Error(`${ms} ms is no edge`);
  return countOf(latencies.slice(edge + 1));
}

/**
 * The time within which a share of them (0 to 1) took, ms: evenly spread within a slot, at most the last edge, 0 of none. It is
 * within an edge exactly when that share is.
 */
export function percentile(latencies: Latencies, share: number): number {
  const rank = Math.ceil(countOf(latencies) * share);
  let before = 0;
  for (const [slot, count] of latencies.entries()) {
    if (count > 0 && before + count >= rank) {
      const lower = edges[slot - 1] ?? 0;
      const upper = edges[slot] ?? lower;
      return lower + ((upper - lower) * (rank - before)) / count;
    }
    before += count;
  }
  return 0;
}
