import { aborted } from "./aborted.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Log } from "./log.ts";

/** Closes something. `hurry` aborts when there is no more time to do it gently. */
export type Closer = (hurry: AbortSignal) => Promise<unknown>;

/** Time each has to close once there is hurry, ms. */
const hurriedMs = 3000;

/** Things opened one after the other, closed in the opposite order, each whatever became of the others. */
export class Lifetime {
  readonly #closers: { name: string; close: Closer; hurriedMs: number }[] = [];
  readonly #log: Log;
  readonly #clock: Clock;

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Remembers how to close something that has just been opened, and how long that may take in a hurry, ms. */
  add(name: string, close: Closer, options: { hurriedMs?: number } = {}): void {
    this.#closers.push({ name, close, hurriedMs, ...options });
  }

  /**
   * Closes all, the latest first; a failure is logged and does not keep the others open, and in a `hurry` neither does
   * what takes too long.
   */
  async close(hurry: AbortSignal = new AbortController().signal): Promise<void> {
    for (let last = this.#closers.pop(); last; last = this.#closers.pop()) {
      const { name, close } = last;
      await this.#within(close(hurry), hurry, last.hurriedMs).catch((error: unknown) =>
        this.#log.error({ err: error, part: name }, "could not close"),
      );
    }
  }

  /** @throws what the work throws, and Error when it takes longer than `ms` of hurry */
  async #within(work: Promise<unknown>, hurry: AbortSignal, ms: number): Promise<void> {
    const over = new AbortController();
    const tooLong = async () => {
      await aborted(AbortSignal.any([hurry, over.signal]));
      await this.#clock.sleep(ms, over.signal);
      if (!over.signal.aborted) throw new Error("it takes too long");
    };
    await Promise.race([work, tooLong()]).finally(() => over.abort());
  }
}
