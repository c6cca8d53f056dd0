import type { Log } from "./log.ts";

/** Things opened one after the other, closed in the opposite order, each whatever became of the others. */
export class Lifetime {
  readonly #closers: { name: string; close: () => Promise<unknown> }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Remembers how to close something that has just been opened. */
  add(name: string, close: () => Promise<unknown>): void {
    this.#closers.push({ name, close });
  }

  /** Closes all, the latest first; a failure is logged and does not keep the others open. */
  async close(): Promise<void> {
    for (let last = this.#closers.pop(); last; last = this.#closers.pop()) {
      const { name, close } = last;
      await close().catch((error: unknown) =>
        this.#log.error({ err: error, part: name }, "could not close"),
      );
    }
  }
}
