/** A media element moved by hand, for tests: it plays only when told how much time has passed. */
export class FakeMedia {
  src = "";
  preload = "";
  muted = false;
  volume = 1;
  playbackRate = 1;
  defaultPlaybackRate = 1;
  paused = true;
  ended = false;
  seeking = false;
  readyState = 4;
  duration = 3600;
  error: { message: string } | null = null;
  removed = false;
  /** Positions that were sought, s. */
  readonly seeks: number[] = [];
  readonly buffered = { length: 0, start: () => 0, end: () => 0 };
  /** What the next `play` is refused with. */
  refusal: Error | undefined;
  /** From `play` until it moves, ms. */
  startsAfterMs = 0;
  #startingMs = 0;
  #time = 0;

  get currentTime(): number {
    return this.#time;
  }

  set currentTime(seconds: number) {
    this.#time = seconds;
    this.seeks.push(seconds);
    this.ended = false;
  }

  play(): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.paused) this.#startingMs = this.startsAfterMs;
    this.paused = false;
    return Promise.resolve();
  }

  pause(): void {
    this.paused = true;
  }

  load(): void {}

  removeAttribute(): void {
    this.src = "";
  }

  remove(): void {
    this.removed = true;
  }

  /** Time passes, ms; `pace` is how much faster than it should this element runs; at 0 its output stands still. */
  pass(ms: number, pace = 1): void {
    if (this.paused || this.readyState < 3) return;
    this.#startingMs -= ms;
    if (this.#startingMs >= 0 && this.startsAfterMs > 0) return;
    this.#time += (ms / 1000) * this.playbackRate * pace;
  }

  get element(): HTMLMediaElement {
    return this as unknown as HTMLMediaElement;
  }
}
