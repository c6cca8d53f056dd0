/** What is told where no limit is kept: Stream's own for reading. */
const publishedPerMinute = 1_000;

/** What one operation has left. */
export interface Left {
  limit: number;
  remaining: number;
  /** Epoch ms. */
  resetsAt: number;
}

/** Counts the requests of each operation in each minute, as Stream does for an application. */
export class Quota {
  readonly #now: () => number;
  readonly #limitOf: ((operation: string) => number) | undefined;
  readonly #counts = new Map<string, { endsAt: number; count: number }>();

  constructor(now: () => number, perMinute?: number | ((operation: string) => number)) {
    this.#now = now;
    this.#limitOf = typeof perMinute === "number" ? () => perMinute : perMinute;
  }

  /** Counts a request. @returns whether it is answered */
  take(operation: string): boolean {
    const limit = this.#limitOf?.(operation);
    if (limit === undefined) return true;
    const window = this.#window(operation);
    window.count++;
    return window.count <= limit;
  }

  left(operation: string): Left {
    const limit = this.#limitOf?.(operation);
    const { endsAt, count } = this.#window(operation);
    if (limit === undefined)
      return { limit: publishedPerMinute, remaining: publishedPerMinute - 1, resetsAt: endsAt };
    return { limit, remaining: Math.max(0, limit - count), resetsAt: endsAt };
  }

  #window(operation: string): { endsAt: number; count: number } {
    const now = this.#now();
    const known = this.#counts.get(operation);
    if (known && now < known.endsAt) return known;
    const window = { endsAt: (Math.floor(now / 60_000) + 1) * 60_000, count: 0 };
    this.#counts.set(operation, window);
    return window;
  }
}
