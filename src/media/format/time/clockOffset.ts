/** Less than this is no better an estimate, ms. */
const worthNotingMs = 0.25;
/** What arrives this soon after a time still tells the offset at that time, ms. */
export const lookaheadMs = 3000;

interface Least {
  arrivalMs: number;
  offsetMs: number;
}

/**
 * How far a clock elsewhere is behind ours, told by what arrives from there. Nothing arrives early, so the least
 * `arrival - their time` is the best estimate; it may rise by no more than the drift of clocks, so that a congested
 * minute moves it little. The estimate for a time never changes once the next three seconds are in: what has been
 * composed of a running capture fits what will be.
 */
export class ClockOffset {
  #maxDrift: number;
  #least: Least[] = [];

  /** `maxDrift`: the clocks drift apart by less than this, ms per ms. */
  constructor(maxDrift: number) {
    this.#maxDrift = maxDrift;
  }

  /** Notes what left at `theirMs` and arrived at `arrivalMs`; arrivals ascending. */
  add(theirMs: number, arrivalMs: number): void {
    const offsetMs = arrivalMs - theirMs;
    const known = this.#estimate(arrivalMs, arrivalMs);
    if (offsetMs < known - worthNotingMs) this.#least.push({ arrivalMs, offsetMs });
  }

  /** Our time minus theirs at one of our times, ms; Infinity when nothing had arrived by then. */
  offsetAt(ourMs: number): number {
    return this.#estimate(ourMs, ourMs + lookaheadMs);
  }

  /** The offset of the last arrival that the estimate goes by, ms. */
  get latest(): number {
    return this.#least.at(-1)?.offsetMs ?? Number.POSITIVE_INFINITY;
  }

  /** The arrivals that the estimate goes by: their time and ours, ms; ascending in ours. */
  get marks(): { theirMs: number; ourMs: number }[] {
    return this.#least.map(({ arrivalMs, offsetMs }) => ({
      theirMs: arrivalMs - offsetMs,
      ourMs: arrivalMs,
    }));
  }

  /** For a time, by what had arrived until another. */
  #estimate(ourMs: number, untilMs: number): number {
    let low = 0;
    let high = this.#least.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#least[middle]?.arrivalMs ?? 0) <= untilMs) low = middle + 1;
      else high = middle;
    }
    const last = this.#least[low - 1];
    if (!last) return Number.POSITIVE_INFINITY;
    return last.offsetMs + this.#maxDrift * Math.max(0, ourMs - last.arrivalMs);
  }
}
