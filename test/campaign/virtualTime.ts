import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../../src/core/clock.ts";

/** Epoch ms at which virtual time begins. */
export const timeZero = 1_800_000_000_000;

interface Timer {
  atMs: number;
  run: () => void;
}

/** What code that runs in virtual time belongs to. */
export interface Place {
  time: VirtualTime;
}

/** Whatever runs in here has virtual time: its timers, its clock, its time-outs. */
export const inside = new AsyncLocalStorage<Place>();

/** Time that passes only from one timer to the next. */
export class VirtualTime {
  now = timeZero;
  readonly #timers: Timer[] = [];

  /** When the next timer is due, epoch ms. */
  get next(): number | undefined {
    return this.#timers[0]?.atMs;
  }

  /** Of those due at the same time, the oldest first. @returns takes it back */
  at(atMs: number, run: () => void): () => void {
    const place = inside.getStore();
    const timer = {
      atMs: Math.max(atMs, this.now),
      run: place ? () => inside.run(place, run) : run,
    };
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1]?.atMs ?? 0) > timer.atMs) index--;
    this.#timers.splice(index, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** Moves to that time, and lets the next timer happen if it is due then. */
  advance(toMs: number): void {
    this.now = Math.max(this.now, toMs);
    const [first] = this.#timers;
    if (!first || first.atMs > this.now) return;
    this.#timers.shift();
    first.run();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        cancel();
        resolve();
      };
      const cancel = this.at(this.now + ms, wake);
      signal?.addEventListener("abort", wake);
    });
  }

  readonly clock: Clock = {
    now: () => this.now,
    sleep: (ms, signal) => this.sleep(ms, signal),
  };
}

type Callback = (...args: unknown[]) => void;

/**
 * Gives `setTimeout`, `Date.now`, `AbortSignal.timeout` and `fetch` of whatever runs `inside` virtual time and `fetch`; nothing
 * changes for anybody else. @returns puts the old ones back
 */
export function installVirtualTime(virtualFetch: typeof fetch): () => void {
  const real = {
    ...{ setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout },
    ...{ now: Date.now, timeout: AbortSignal.timeout, fetch: globalThis.fetch },
  };
  const place = () => inside.getStore();
  const later = (run: Callback, ms = 0, ...args: unknown[]) => {
    const time = place()?.time;
    if (!time) return real.setTimeout(run, ms, ...args);
    return new VirtualTimeout(time.at(time.now + ms, () => run(...args)));
  };
  const never = (timer: unknown) =>
    timer instanceof VirtualTimeout ? timer.cancel() : real.clearTimeout(timer as NodeJS.Timeout);
  Object.assign(globalThis, { setTimeout: later, clearTimeout: never });
  globalThis.fetch = (...args) => (place() ? virtualFetch(...args) : real.fetch(...args));
  Date.now = () => place()?.time.now ?? real.now();
  AbortSignal.timeout = (ms) => {
    const time = place()?.time;
    if (!time) return real.timeout(ms);
    const controller = new AbortController();
    const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    time.at(time.now + ms, () => controller.abort(reason));
    return controller.signal;
  };
  return () => {
    Object.assign(globalThis, {
      ...{ setTimeout: real.setTimeout, clearTimeout: real.clearTimeout, fetch: real.fetch },
    });
    Date.now = real.now;
    AbortSignal.timeout = real.timeout;
  };
}

class VirtualTimeout {
  readonly cancel: () => void;
  constructor(cancel: () => void) {
    this.cancel = cancel;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
