export interface ReorderSink<P> {
  /** `arrivedAt` is what `push` was told. */
  packet(packet: P, arrivedAt: number): void;
  /** `lost` packets will never come. */
  gap(lost: number): void;
}

export interface ReorderOptions {
  /** How long a missing packet is waited for, ms. */
  waitMs: number;
  /** Packets held at most. */
  capacity: number;
}

interface Held<P> {
  packet: P;
  at: number;
}

/** Delivers packets in sequence order, waiting a bounded time and a bounded number of packets for missing ones. */
export class ReorderBuffer<P> {
  /** Packets given up for good. */
  lost = 0;
  /** Packets that came twice or after they were given up. */
  late = 0;
  #options: ReorderOptions;
  #sink: ReorderSink<P>;
  #held = new Map<number, Held<P>>();
  #next: number | undefined;

  constructor(options: ReorderOptions, sink: ReorderSink<P>) {
    this.#options = options;
    this.#sink = sink;
  }

  get size(): number {
    return this.#held.size;
  }

  /** `sequence` is extended, `now` any clock in ms. */
  push(sequence: number, packet: P, now: number): void {
    this.#next ??= sequence;
    if (sequence < this.#next || this.#held.has(sequence)) {
      this.late++;
      return;
    }
    if (sequence === this.#next) {
      this.#next++;
      this.#sink.packet(packet, now);
      if (this.#held.size > 0) this.#drain();
      return;
    }
    this.#held.set(sequence, { packet, at: now });
    if (this.#held.size > this.#options.capacity) this.#skip();
  }

  /** Gives up on packets that have been waited for long enough. */
  expire(now: number): void {
    while (this.#held.size > 0) {
      const oldest = Math.min(...[...this.#held.values()].map((held) => held.at));
      if (now - oldest < this.#options.waitMs) return;
      this.#skip();
    }
  }

  /** Delivers all that is held, giving up on what is missing. */
  flush(): void {
    while (this.#held.size > 0) this.#skip();
  }

  #skip(): void {
    const lowest = Math.min(...this.#held.keys());
    const missing = lowest - (this.#next ?? lowest);
    this.#next = lowest;
    this.lost += missing;
    this.#sink.gap(missing);
    this.#drain();
  }

  #drain(): void {
    while (this.#next !== undefined) {
      const held = this.#held.get(this.#next);
      if (held === undefined) return;
      this.#held.delete(this.#next);
      this.#next++;
      this.#sink.packet(held.packet, held.at);
    }
  }
}
