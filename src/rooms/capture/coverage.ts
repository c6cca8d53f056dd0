/** What comes further apart covers no more than this, ms. */
const mostMs = 250;
/** What is further back than what was only overtaken has a time of its own, ms. */
const jumpMs = 1000;

/** For how long something kept coming: the time between one and the next, as long as they are close together. */
export class Coverage {
  ms = 0;
  #at: number | undefined;

  /** Something came at `at`, ms of any clock. */
  add(at: number): void {
    const sinceMs = this.#at === undefined ? 0 : at - this.#at;
    this.ms += Math.min(Math.max(sinceMs, 0), mostMs);
    this.#at = sinceMs < -jumpMs ? at : Math.max(this.#at ?? at, at);
  }
}
