/** Totals by key that grow, and which of them have grown since they were taken last. */
export class Totals<T extends object> {
  readonly #all = new Map<string, T>();
  readonly #limit: number;
  #changed = new Set<T>();

  /** @param limit keys at most; further ones are not counted */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** Lets `count` add to the totals of `key`, which begin as `initial` says. */
  add(key: string, initial: () => T, count: (totals: T) => void): void {
    const known = this.#all.get(key);
    if (known === undefined && this.#all.size >= this.#limit) return;
    const totals = known ?? initial();
    if (known === undefined) this.#all.set(key, totals);
    count(totals);
    this.#changed.add(totals);
  }

  /** Something has grown since. */
  get hasGrown(): boolean {
    return this.#changed.size > 0;
  }

  /** Those that have grown. */
  take(): T[] {
    const taken = [...this.#changed];
    this.#changed = new Set();
    return taken;
  }

  /** What was taken could not be written: it is taken again. */
  giveBack(taken: readonly T[]): void {
    for (const totals of taken) this.#changed.add(totals);
  }
}
