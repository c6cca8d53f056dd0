/** A position that moves by itself while it runs; everything that plays is held to it. */
export class MasterClock {
  readonly #now: () => number;
  #baseMs = 0;
  #since: number | undefined;
  #rate = 1;

  /** `now`: monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get positionMs(): number {
    if (this.#since === undefined) return this.#baseMs;
    return this.#baseMs + (this.#now() - this.#since) * this.#rate;
  }

  set positionMs(ms: number) {
    this.#baseMs = ms;
    if (this.#since !== undefined) this.#since = this.#now();
  }

  get running(): boolean {
    return this.#since !== undefined;
  }

  set running(running: boolean) {
    if (running === this.running) return;
    this.#baseMs = this.positionMs;
    this.#since = running ? this.#now() : undefined;
  }

  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    const reached = this.positionMs;
    this.#rate = rate;
    this.positionMs = reached;
  }
}
