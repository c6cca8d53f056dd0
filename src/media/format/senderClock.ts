/** Two computers' clocks drift apart by less than this, ms per ms. */
const maxDrift = 250e-6;
/** Less than this is no better an estimate, ms. */
const worthNotingMs = 0.25;
/** Reports that arrive this soon after a time still tell the offset at that time, ms. */
const lookaheadMs = 3000;

interface Least {
  arrivalMs: number;
  offsetMs: number;
}

/**
 * How far a sender's clock is behind ours. A report never arrives early, so the least `arrival - sender time` is the
 * best estimate; it may rise by no more than the drift of clocks, so that a congested minute moves it by 15 ms at most.
 * The estimate for a time never changes once the reports of the next three seconds are in: what has been composed of a
 * running capture fits what will be.
 */
export class SenderClock {
  #least: Least[] = [];

  /** Notes one sender report; both times in ms, arrivals ascending. */
  add(senderMs: number, arrivalMs: number): void {
    const offsetMs = arrivalMs - senderMs;
    const known = this.#estimate(arrivalMs, arrivalMs);
    if (offsetMs < known - worthNotingMs) this.#least.push({ arrivalMs, offsetMs });
  }

  /** Our time minus the sender's at one of our times, ms; Infinity when no report had come by then. */
  offsetAt(ourMs: number): number {
    return this.#estimate(ourMs, ourMs + lookaheadMs);
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
    return last.offsetMs + maxDrift * Math.max(0, ourMs - last.arrivalMs);
  }
}
