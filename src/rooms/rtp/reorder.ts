import { MinHeap } from "./minHeap.ts";

export interface ReorderSink<P> {
  /** `arrivedAt` is what `push` was told; `overtaken`: later packets had come before, so it tells nothing of the sender's pace. */
  packet(packet: P, arrivedAt: number, overtaken: boolean): void;
  /** `lost` packets will never come. */
  gap(lost: number): void;
}

export interface ReorderOptions {
  /** How long a missing packet is waited for that nobody sends again, ms. */
  waitMs: number;
  /** Packets held at most. */
  capacity: number;
}

interface Held<P> {
  packet: P;
  at: number;
  overtaken: boolean;
}

/**
 * Delivers packets in sequence order, waiting a bounded time and a bounded number of packets for missing ones. What is
 * held is found by number and by age without looking at all of it: a hostile sender makes us hold thousands.
 */
export class ReorderBuffer<P> {
  /** Packets given up for good. */
  lost = 0;
  /** Packets that came twice or after they were given up. */
  late = 0;
  #options: ReorderOptions;
  #sink: ReorderSink<P>;
  #held = new Map<number, Held<P>>();
  #sequences = new MinHeap();
  /** Sequence numbers as they arrived, of which those delivered meanwhile no longer count. */
  #arrivals: number[] = [];
  #oldest = 0;
  #next: number | undefined;
  /** Highest number so far. */
  #highest = Number.NEGATIVE_INFINITY;

  constructor(options: ReorderOptions, sink: ReorderSink<P>) {
    this.#options = options;
    this.#sink = sink;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Number of the packet that is delivered next: all before are delivered or given up. */
  get next(): number {
    return this.#next ?? 0;
  }

  /** `sequence` is extended, `now` any clock in ms. */
  push(sequence: number, packet: P, now: number): void {
    this.#next ??= sequence;
    if (sequence < this.#next || this.#held.has(sequence)) {
      this.late++;
      return;
    }
    const overtaken = sequence < this.#highest;
    this.#highest = Math.max(this.#highest, sequence);
    if (sequence === this.#next) {
      this.#next++;
      this.#sink.packet(packet, now, overtaken);
      if (this.#held.size > 0) this.#drain();
      return;
    }
    this.#hold(sequence, { packet, at: now, overtaken });
    if (this.#held.size > this.#options.capacity) this.#skip();
  }

  /** Gives up on packets that have been waited for long enough, unless they are `coming`, which must end by itself. */
  expire(now: number, coming: (sequence: number) => boolean = () => false): void {
    while (this.#next !== undefined && this.#held.size > 0) {
      if (now - this.#heldSince() < this.#options.waitMs || coming(this.#next)) return;
      this.#skip();
    }
  }

  /** Delivers all that is held, giving up on what is missing. */
  flush(): void {
    while (this.#held.size > 0) this.#skip();
  }

  #hold(sequence: number, held: Held<P>): void {
    this.#held.set(sequence, held);
    this.#sequences.add(sequence);
    this.#arrivals.push(sequence);
  }

  /** When the oldest of those held arrived. */
  #heldSince(): number {
    for (;;) {
      const held = this.#held.get(this.#arrivals[this.#oldest] ?? Number.NaN);
      if (held) return held.at;
      this.#oldest++;
      if (this.#oldest * 2 > this.#arrivals.length) {
        this.#arrivals.splice(0, this.#oldest);
        this.#oldest = 0;
      }
    }
  }

  #skip(): void {
    const lowest = this.#sequences.lowest ?? 0;
    const missing = lowest - (this.#next ?? lowest);
    this.#next = lowest;
    this.lost += missing;
    this.#sink.gap(missing);
    this.#drain();
  }

  #drain(): void {
    while (this.#next !== undefined && this.#sequences.lowest === this.#next) {
      const held = this.#held.get(this.#next);
      this.#held.delete(this.#next);
      this.#sequences.take();
      this.#next++;
      if (held) this.#sink.packet(held.packet, held.at, held.overtaken);
    }
    if (this.#held.size > 0) return;
    this.#arrivals = [];
    this.#oldest = 0;
  }
}
