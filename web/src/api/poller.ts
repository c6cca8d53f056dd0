import { ApiError } from "./apiError.ts";

export interface PollerOptions<T> {
  /** Asks once. */
  ask: () => Promise<T>;
  /** From one answer to the next question, ms. */
  intervalMs: number;
  onValue: (value: T) => void;
  onError: (error: unknown) => void;
}

/** Failures in a row stretch the interval up to this, ms. */
const longestIntervalMs = 10_000;

/**
 * Asks again and again: never twice at once, not while nobody looks, less often during an outage. Runs until `stop`.
 * A refusal is asked again at the usual pace: rights may come back.
 */
export class Poller<T> {
  readonly #options: PollerOptions<T>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  #failures = 0;
  #stopped = false;
  #waiting: (() => void)[] = [];

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  start(): void {
    document.addEventListener("visibilitychange", this.#look);
    window.addEventListener("online", this.#look);
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
    window.removeEventListener("online", this.#look);
    this.#settle();
  }

  /** Asks now; resolves when an answer to a question asked after this call is in. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const answered = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#asking) this.#again = true;
    else void this.#ask();
    return answered;
  }

  readonly #look = () => {
    if (document.visibilityState === "visible" && !this.#asking) void this.#ask();
  };

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asking = true;
    const answered = this.#waiting.splice(0);
    try {
      const value = await this.#options.ask();
      this.#failures = 0;
      if (!this.#stopped) this.#options.onValue(value);
    } catch (error) {
      this.#failures += error instanceof ApiError && !error.isOutage ? 0 : 1;
      if (!this.#stopped) this.#options.onError(error);
    }
    this.#asking = false;
    for (const resolve of answered) resolve();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) {
      this.#settle();
    } else if (this.#again) {
      this.#again = false;
      void this.#ask();
    } else if (document.visibilityState === "visible") {
      this.#timer = setTimeout(() => void this.#ask(), this.#delayMs());
    }
  }

  #delayMs(): number {
    const { intervalMs } = this.#options;
    if (this.#failures === 0) return intervalMs;
    const longest = Math.max(longestIntervalMs, intervalMs);
    return Math.min(longest, 1000 * 2 ** Math.min(this.#failures - 1, 6));
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
