interface Budget {
  left: number;
  at: number;
}

/** Callers remembered at most; whoever has been forgotten begins with a full minute. */
const mostCallers = 20_000;
const minuteMs = 60_000;

/** Calls per minute, counted for each caller by itself: a burst of a whole minute, then one after the other. */
export class CallRates {
  readonly #now: () => number;
  readonly #budgets = new Map<string, Budget>();

  /** `now`: ms; a clock that is set back gives nobody anything. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a call. @returns ms to wait where the caller has none left, else undefined */
  take(caller: string, perMinute: number): number | undefined {
    const now = this.#now();
    const available = this.#available(caller, perMinute);
    const admitted = available >= 1;
    // The last to be used is the last to be forgotten.
    this.#budgets.delete(caller);
    this.#budgets.set(caller, { left: admitted ? available - 1 : available, at: now });
    const oldest = this.#budgets.keys().next();
    if (this.#budgets.size > mostCallers && !oldest.done) this.#budgets.delete(oldest.value);
    return waitMs(available, perMinute);
  }

  /** Counts nothing. @returns ms to wait where the caller has no call left, else undefined */
  wait(caller: string, perMinute: number): number | undefined {
    return waitMs(this.#available(caller, perMinute), perMinute);
  }

  #available(caller: string, perMinute: number): number {
    const now = this.#now();
    const { left, at } = this.#budgets.get(caller) ?? { left: perMinute, at: now };
    const earned = (Math.max(0, now - at) * perMinute) / minuteMs;
    return Math.min(perMinute, left + earned);
  }
}

function waitMs(available: number, perMinute: number): number | undefined {
  return available >= 1 ? undefined : Math.ceil(((1 - available) * minuteMs) / perMinute);
}
