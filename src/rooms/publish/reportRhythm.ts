/** Silence is noticed after so many of the longest distances between a sender's reports. */
const patience = 1.5;
/** While the distance is not known yet, and at most: so many times the usual limit. */
const unknown = 2.5;
const most = 4;

/**
 * How long a sender may say nothing at all before it is gone. Who is muted without sending silence sends reports only, in
 * some browsers up to 7.4 s apart; who sends pictures reports every second.
 */
export class ReportRhythm {
  #lastAt: number | undefined;
  #longestMs: number | undefined;

  /** A report came at `now`, monotonic ms. */
  report(now: number): void {
    if (this.#lastAt !== undefined)
      this.#longestMs = Math.max(this.#longestMs ?? 0, now - this.#lastAt);
    this.#lastAt = now;
  }

  /** The limit for this sender, ms; `usualMs` for one that reports often, or never. */
  limitMs(usualMs: number): number {
    if (this.#lastAt === undefined) return usualMs;
    if (this.#longestMs === undefined) return usualMs * unknown;
    return Math.min(Math.max(usualMs, this.#longestMs * patience), usualMs * most);
  }
}
