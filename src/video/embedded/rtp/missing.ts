/** Asked again after this long, ms. */
const repeatMs = 80;
/** Given up after this long, ms: a recorder has no play-out delay to keep. */
export const giveUpMs = 1000;
/** A longer hole is not asked for packet by packet: a keyframe repairs it sooner. */
const maxBurst = 400;
const maxTracked = 1000;

interface Missing {
  since: number;
  askedAt: number;
}

/** Which packets of a stream are missing, and when to ask for them. Sequence numbers are extended. */
export class MissingPackets {
  #missing = new Map<number, Missing>();
  #highest: number | undefined;

  get size(): number {
    return this.#missing.size;
  }

  /** Notes an arrival; true when it was a missing one. */
  arrived(sequence: number, now: number): boolean {
    const highest = this.#highest;
    if (highest === undefined || sequence - highest > maxBurst) {
      this.#missing.clear();
      this.#highest = sequence;
      return false;
    }
    if (sequence <= highest) return this.#missing.delete(sequence);
    for (let hole = highest + 1; hole < sequence && this.#missing.size < maxTracked; hole++) {
      this.#missing.set(hole, { since: now, askedAt: Number.NEGATIVE_INFINITY });
    }
    this.#highest = sequence;
    return false;
  }

  /** 16-bit sequence numbers to ask for now, ascending; those asked for too long are dropped. */
  due(now: number): number[] {
    const due: number[] = [];
    for (const [sequence, missing] of this.#missing) {
      if (now - missing.since >= giveUpMs) this.#missing.delete(sequence);
      else if (now - missing.askedAt >= repeatMs) {
        missing.askedAt = now;
        due.push(sequence & 0xffff);
      }
    }
    return due;
  }

  clear(): void {
    this.#missing.clear();
  }
}
