import type { Clock } from "../../../src/core/clock.ts";

/** Epoch ms at which virtual time begins. */
export const wallZero = 1_700_000_000_000;
/** The monotonic clock begins anywhere. */
const monotonicZero = 54_321;

interface Event {
  atMs: number;
  order: number;
  run: () => void | Promise<void>;
}

/** Time that passes only from event to event. The wall clock can be set, the monotonic one and all waiting go on. */
export class VirtualTime {
  readonly clock: Clock = {
    now: () => this.#wall(),
    sleep: (ms, signal) => this.#sleep(ms, signal),
  };
  /** Real ms since the beginning. */
  nowMs = 0;
  #stepMs = 0;
  #events: Event[] = [];
  #order = 0;

  /** Monotonic ms. */
  readonly monotonic = (): number => monotonicZero + this.nowMs;

  setWall(byMs: number): void {
    this.#stepMs += byMs;
  }

  /** What is planned for the past happens at once; what is planned for the same time, in the order of the plans. */
  at(atMs: number, run: () => void | Promise<void>): void {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
    let index = this.#events.length++;
    for (let parent = (index - 1) >> 1; index > 0; parent = (index - 1) >> 1) {
      const above = this.#events[parent];
      if (!above || isBefore(above, event)) break;
      this.#events[index] = above;
      index = parent;
    }
    this.#events[index] = event;
  }

  /** Lets everything happen until `endMs`. */
  async run(endMs: number): Promise<void> {
    for (let next = this.#events[0]; next && next.atMs <= endMs; next = this.#events[0]) {
      this.#removeFirst();
      this.nowMs = next.atMs;
      await next.run();
    }
    this.nowMs = endMs;
  }

  #removeFirst(): void {
    const last = this.#events.pop();
    const count = this.#events.length;
    if (!last || count === 0) return;
    let index = 0;
    for (let child = 1; child < count; child = 2 * index + 1) {
      const [left, right] = [this.#events[child], this.#events[child + 1]];
      const least = left && right && isBefore(right, left) ? child + 1 : child;
      const below = this.#events[least];
      if (!below || isBefore(last, below)) break;
      this.#events[index] = below;
      index = least;
    }
    this.#events[index] = last;
  }

  #wall(): number {
    return Math.round(wallZero + this.nowMs + this.#stepMs);
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      signal?.addEventListener("abort", wake);
      this.at(this.nowMs + ms, wake);
    });
  }
}

const isBefore = (a: Event, b: Event) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
