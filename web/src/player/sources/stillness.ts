import { haveFutureData } from "./source.ts";

/** A pause shorter than this is a slow start, or how the clock of an output steps, ms. */
const standsAfterMs = 200;
/** Less than this is no movement, s. */
const leastStep = 0.001;

/** Finds out that an element's sound does not come out though it should play: a stalled output raises no event. */
export class Stillness {
  readonly #element: HTMLMediaElement;
  #seenAt = 0;
  #stillSince: number | undefined;
  #placed = true;
  #stands = false;
  #moves = false;

  constructor(element: HTMLMediaElement) {
    this.#element = element;
  }

  /** It stood still when last it should have played. Only movement of its own ends that, not being placed elsewhere. */
  get stands(): boolean {
    return this.#stands;
  }

  /** It has not moved lately, which may mean that it stands. */
  get inDoubt(): boolean {
    return this.#stillSince !== undefined && !this.#stands;
  }

  /** It moved by itself since the look before. */
  get moves(): boolean {
    return this.#moves;
  }

  /** Somebody can hear it. Pictures are muted. */
  get audible(): boolean {
    return !this.#element.muted && this.#element.volume > 0;
  }

  /** To be told when the element was placed elsewhere, which is no movement. */
  placed(): void {
    this.#placed = true;
    this.#stillSince = undefined;
  }

  forget(): void {
    this.#stands = false;
    this.placed();
  }

  /** To be called often. `now`: monotonic ms. */
  look(now: number): void {
    this.#moves = false;
    const { currentTime, paused, ended, seeking, readyState } = this.#element;
    if (!this.audible) this.forget();
    else if (paused || ended || seeking || readyState < haveFutureData) this.placed();
    else this.#compare(currentTime, now);
  }

  #compare(currentTime: number, now: number): void {
    const stepped = Math.abs(currentTime - this.#seenAt) >= leastStep;
    if (this.#placed || stepped) this.#seenAt = currentTime;
    if (this.#placed) this.#placed = false;
    else if (stepped) {
      this.#moves = true;
      this.#stands = false;
      this.#stillSince = undefined;
    } else {
      // Not since it was last seen to move: looks may be far apart, and after a busy spell the time seen is an old one.
      this.#stillSince ??= now;
      if (now - this.#stillSince >= standsAfterMs) this.#stands = true;
    }
  }
}
