import type { Clock } from "../../../src/core/clock.ts";

/** Time passes only by `set` and `advance`, which wake every sleeper that is due. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: { due: number; wake: () => void }[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#sleepers.push({ due: this.#now + ms, wake });
      signal?.addEventListener("abort", wake);
    });
  }

  advance(ms: number): void {
    this.set(this.#now + ms);
  }

  set(now: number): void {
    this.#now = now;
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > now);
    for (const sleeper of due) sleeper.wake();
  }
}
