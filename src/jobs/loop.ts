import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";

/** A background step that is always running: looks for work, does it, waits, looks again. */
export interface Loop {
  /** Look now instead of after the pause. */
  wake(): void;
  /** No new work; resolves when the work at hand has ended. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  name: string;
  /** Pause after a look that found nothing, ms. */
  idleMs: number;
  clock: Clock;
  log: Log;
  /** Does some work; returns whether there may be more at once. */
  work(signal: AbortSignal): Promise<boolean>;
}

/** Starts the loop. An error is logged and the loop goes on after the pause: the next look may find better times. */
export function startLoop({ name, idleMs, clock, log, work }: LoopOptions): Loop {
  const stopping = new AbortController();
  let nap = new AbortController();
  const once = async (): Promise<boolean> => {
    try {
      return await work(stopping.signal);
    } catch (error) {
      log.error({ err: error, loop: name }, "background work failed; trying again");
      return false;
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      nap = new AbortController();
      const more = await once();
      if (!more && !stopping.signal.aborted) await clock.sleep(idleMs, nap.signal);
    }
  };
  const ended = run();
  return {
    wake: () => nap.abort(),
    stop: async () => {
      stopping.abort();
      nap.abort();
      await ended;
    },
  };
}
