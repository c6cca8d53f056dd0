/** When something arrived, and how far off the line on which things came before; ms. */
export interface Arrival {
  arrivedAt: number;
  offMs: number;
}

/** Arrivals that stay where they are come no closer to the line than this, and differ by no more; ms. */
const level = { closerMs: 18, apartMs: 30 } as const;
/** A network that makes up for lost time comes that much closer to the line at least: ms, and ms per ms. */
const madeUp = { leastMs: 10, share: 0.04 } as const;

/** Whether what arrived in the last `withinMs` stays as far off the line as it is, as after a pause of its sender. */
export function isLevel(arrivals: readonly Arrival[], withinMs: number): boolean {
  const least = leastOfThirds(arrivals, (arrivals.at(-1)?.arrivedAt ?? 0) - withinMs);
  const [first, , last] = least;
  const known = least.filter(Number.isFinite);
  return first - last <= level.closerMs && Math.max(...known) - Math.min(...known) <= level.apartMs;
}

/** Whether what arrived comes closer to the line, as behind a network that stood still. */
export function isMadeUpFor(arrivals: readonly Arrival[]): boolean {
  const [first, , last] = leastOfThirds(arrivals, Number.NEGATIVE_INFINITY);
  const lastedMs = (arrivals.at(-1)?.arrivedAt ?? 0) - (arrivals[0]?.arrivedAt ?? 0);
  return first - last > Math.max(madeUp.leastMs, ((lastedMs * 2) / 3) * madeUp.share);
}

/** How far off the line what came with the least delay was, which jitter does not touch; Infinity where nothing came. */
function leastOfThirds(arrivals: readonly Arrival[], sinceMs: number): [number, number, number] {
  const until = arrivals.at(-1)?.arrivedAt ?? 0;
  const since = Math.max(sinceMs, arrivals[0]?.arrivedAt ?? 0);
  const third = (until - since) / 3;
  const least: [number, number, number] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ];
  for (const { arrivedAt, offMs } of arrivals) {
    if (arrivedAt < since) continue;
    const index = arrivedAt <= since + third ? 0 : arrivedAt < until - third ? 1 : 2;
    least[index] = Math.min(least[index], offMs);
  }
  return least;
}

/** Unusual is this much more than nine of ten of the last frames; looking costs, and is not done at each of many. */
const unusual = { times: 1.3, andMs: 40, frames: 256, lookEvery: 8, mostMs: 1000 } as const;

/** How late the frames of one track usually come. */
export class UsualLateness {
  #last: number[] = [];
  #added = 0;
  #known = { after: -1, ms: 0 };

  /** A frame that came so late, ms. */
  add(lateMs: number): void {
    // Later than that is a network that stood still, which is never usual.
    this.#last[this.#added++ % unusual.frames] = Math.min(lateMs, unusual.mostMs);
  }

  /** A frame that is later than this is unusual, ms. */
  get unusualMs(): number {
    const { after, ms: known } = this.#known;
    const since = this.#added - after;
    if (after >= 0 && (since === 0 || (this.#added > unusual.frames && since < unusual.lookEvery)))
      return known;
    const sorted = this.#last.toSorted((a, b) => a - b);
    const ms = unusual.times * (sorted[Math.floor(sorted.length * 0.9)] ?? 0) + unusual.andMs;
    this.#known = { after: this.#added, ms };
    return ms;
  }
}
