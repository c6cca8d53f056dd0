/** Allows an amount per second, and a burst that is earned while less is used. Times are ms of one monotonic clock. */
export class TokenBucket {
  #perMs: number;
  #burst: number;
  #left: number;
  #at: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#left = burst;
  }

  /** Takes an amount; false, and nothing is taken, where that is more than is left. */
  take(amount: number, now: number): boolean {
    const elapsedMs = Math.max(0, now - (this.#at ?? now));
    this.#at = Math.max(now, this.#at ?? now);
    this.#left = Math.min(this.#burst, this.#left + elapsedMs * this.#perMs);
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
