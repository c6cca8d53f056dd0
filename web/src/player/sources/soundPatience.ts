/** After sound has played for that long, standing still is waited for anew, ms. */
const settledMs = 2000;

/**
 * How long sound that stands still has been waited for. A wait is forgotten only once sound plays again: a dead output
 * stops the pictures once, not with each track that begins, and outputs that stand still in turn do not stop them for ever.
 */
export class SoundPatience {
  readonly #mostMs: number;
  #lookedAt: number | undefined;
  #waitedMs = 0;
  #playedMs = 0;

  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** To be called often. `now`: monotonic ms. @returns whether sound that stands still is to be waited for */
  look(now: number, stands: boolean, plays: boolean): boolean {
    const passed = now - (this.#lookedAt ?? now);
    this.#lookedAt = now;
    if (stands) {
      this.#waitedMs += passed;
      this.#playedMs = 0;
    } else if (plays) {
      this.#playedMs += passed;
      if (this.#playedMs >= settledMs) this.#waitedMs = 0;
    }
    return this.#waitedMs < this.#mostMs;
  }
}
