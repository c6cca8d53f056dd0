import { countUntil } from "../../../core/sortedSearch.ts";
import { ClockOffset } from "./clockOffset.ts";

/** Two computers' clocks drift apart by less than this, ms per ms. */
const maxDrift = 250e-6;

/** How far a sender's clock, which its reports tell, is behind ours; it may be set now and then. */
export class SenderClock {
  #settings: { fromMs: number; offset: ClockOffset }[] = [];

  /** Notes one sender report; both times in ms, arrivals ascending. */
  add(senderMs: number, arrivalMs: number): void {
    if (this.#settings.length === 0) this.set(arrivalMs);
    this.#settings.at(-1)?.offset.add(senderMs, arrivalMs);
  }

  /** The sender's clock was set before what arrived at `arrivalMs`. */
  set(arrivalMs: number): void {
    this.#settings.push({ fromMs: arrivalMs, offset: new ClockOffset(maxDrift) });
  }

  /** Our time minus the sender's at one of our times, ms; Infinity when no report had come by then. */
  offsetAt(ourMs: number): number {
    const index = countUntil(this.#settings, ourMs, ({ fromMs }) => fromMs) - 1;
    const setting = this.#settings[Math.max(0, index)];
    return setting?.offset.offsetAt(ourMs) ?? Number.POSITIVE_INFINITY;
  }
}
