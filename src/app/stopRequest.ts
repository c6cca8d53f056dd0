import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";

/** One key press or one stop may come as several signals, from the terminal and from npm; ms. */
const sameRequestMs = 1000;
/** How long a stop may take before it is hastened, and from then on before it is given up, ms. */
const gentleMs = 25_000;
const hurriedMs = 35_000;

interface StopRequestParts {
  clock: Clock;
  log: Log;
  /** Ends the process whatever is still open. */
  giveUp: () => void;
}

/** That the server is to stop: the first signal asks, another one hastens, and time does so too. */
export class StopRequest {
  readonly #parts: StopRequestParts;
  readonly #wanted = new AbortController();
  readonly #hurry = new AbortController();
  #since = 0;

  constructor(parts: StopRequestParts) {
    this.#parts = parts;
  }

  /** Aborts with the first signal. */
  get wanted(): AbortSignal {
    return this.#wanted.signal;
  }

  /** Aborts when there is no more time to finish what is at hand. Everything is stopped all the same. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** Takes a signal, or whatever else asks for the stop. */
  ask(signal: string): void {
    const { clock, log } = this.#parts;
    if (!this.wanted.aborted) {
      this.#since = clock.now();
      log.info({ signal }, "stopping; once more to finish nothing that is at hand");
      void this.#watchTime();
      this.#wanted.abort();
    } else if (!this.hurry.aborted && clock.now() - this.#since >= sameRequestMs) {
      log.warn({ signal }, "stopping at once");
      this.#hurry.abort();
    }
  }

  async #watchTime(): Promise<void> {
    const { clock, log, giveUp } = this.#parts;
    await clock.sleep(gentleMs, this.hurry);
    if (!this.hurry.aborted) {
      log.warn({}, "the stop takes too long; stopping at once");
      this.#hurry.abort();
    }
    await clock.sleep(hurriedMs);
    log.error({}, "the stop is given up");
    giveUp();
  }
}
