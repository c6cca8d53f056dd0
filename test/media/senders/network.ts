import type { Random } from "./random.ts";
import type { NetworkScript } from "./script.ts";
import type { VirtualTime } from "./virtualTime.ts";

const settledMs = 300;

/** The way from a sender to the server and back. */
export class Network {
  #script: NetworkScript;
  #time: VirtualTime;
  #random: Random;
  #lastMs = 0;

  constructor(script: NetworkScript, time: VirtualTime, random: Random) {
    this.#script = script;
    this.#time = time;
    this.#random = random;
  }

  /** Sends at `atMs`; `arrive` is called for every copy that gets through. False when the first one is lost. */
  send(atMs: number, arrive: () => void): boolean {
    const { loss, duplicates } = this.#script;
    const lost = this.#random.chance(loss);
    if (!lost) this.#time.at(this.#arrival(atMs), arrive);
    if (this.#random.chance(duplicates)) {
      const laterMs = atMs + this.#random.between(1, 100);
      this.#time.at(laterMs, () => this.#time.at(this.#arrival(laterMs), arrive));
    }
    return !lost;
  }

  /** Reports are not lost: they would only come at other times. */
  sendReport(atMs: number, arrive: () => void): void {
    this.#time.at(this.#arrival(atMs), arrive);
  }

  /** From the server to the sender. */
  answer(arrive: () => void): void {
    const { delayMs, jitterMs } = this.#script;
    this.#time.at(this.#time.nowMs + delayMs + this.#random.between(0, jitterMs), arrive);
  }

  #arrival(atMs: number): number {
    const { delayMs, jitterMs, reorders, stalls } = this.#script;
    let arrival = atMs + delayMs + this.#random.between(0, jitterMs);
    for (const { fromMs, toMs, pace = Number.POSITIVE_INFINITY } of stalls) {
      const comes = toMs + (arrival - fromMs) / pace;
      if (arrival >= fromMs && arrival < comes) arrival = comes;
    }
    // What overtakes the very first packet would be taken for it.
    if (!reorders || atMs < settledMs) arrival = Math.max(arrival, this.#lastMs);
    this.#lastMs = Math.max(this.#lastMs, arrival);
    return arrival;
  }
}
