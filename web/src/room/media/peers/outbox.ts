import { ApiError } from "../../../api/apiError.ts";
import type { MediaEnvironment } from "../environment.ts";

/** A signal is of no use after this long, ms. */
const worthMs = 60_000;
const firstPauseMs = 500;
const longestPauseMs = 8_000;

/** Sends what it is given one after the other, again while the server is away. */
export class Outbox {
  readonly #env: MediaEnvironment;
  readonly #onRefused: (error: unknown) => void;
  readonly #waiting: { send: () => Promise<void>; until: number }[] = [];
  #sending = false;
  #closed = false;

  /** `onRefused` is told why something was not taken. */
  constructor(env: MediaEnvironment, onRefused: (error: unknown) => void) {
    this.#env = env;
    this.#onRefused = onRefused;
  }

  add(send: () => Promise<void>): void {
    this.#waiting.push({ send, until: this.#env.now() + worthMs });
    if (!this.#sending) void this.#run();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.length = 0;
  }

  close(): void {
    this.#closed = true;
    this.clear();
  }

  async #run(): Promise<void> {
    this.#sending = true;
    let pauseMs = firstPauseMs;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#closed) break;
      try {
        if (this.#env.now() < next.until) await next.send();
        this.#done(next);
        pauseMs = firstPauseMs;
      } catch (error) {
        if (passes(error)) {
          await new Promise<void>((resolve) => this.#env.after(pauseMs, resolve));
          pauseMs = Math.min(longestPauseMs, pauseMs * 2);
        } else {
          this.#done(next);
          if (!this.#closed) this.#onRefused(error);
        }
      }
    }
    this.#sending = false;
  }

  /** Others may wait by now. */
  #done(sent: { send: () => Promise<void> }): void {
    if (this.#waiting[0] === sent) this.#waiting.shift();
  }
}

function passes(error: unknown): boolean {
  return error instanceof ApiError && (error.isOutage || error.code === "RATE_LIMIT_EXCEEDED");
}
