/** A first guess of when to ask again, ms. */
const firstRepeatMs = 80;
const leastRepeatMs = 40;
const mostRepeatMs = 250;
/** Asked for so often without success, a packet is not relied on. */
const fewRequests = 4;
const mostPatienceMs = 400;
/** Given up after this long, ms: a recorder has no play-out delay to keep. */
const giveUpMs = 1000;
/** A longer hole is not asked for packet by packet: a keyframe repairs it sooner. */
const maxBurst = 400;
const maxTracked = 1000;

interface Missing {
  since: number;
  firstAskedAt: number;
  askedAt: number;
}

/** Which packets of a stream are missing, and when to ask for them. Sequence numbers are extended. */
export class MissingPackets {
  /** Ascending by number and by age. */
  #missing = new Map<number, Missing>();
  #highest: number | undefined;
  #answerMs: number | undefined;
  /** Nothing is due before, ms. */
  #nextDue = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#missing.size;
  }

  /** Whether a packet is still asked for. */
  has(sequence: number): boolean {
    return this.#missing.has(sequence);
  }

  /** Notes an arrival; true when it was a missing one. */
  arrived(sequence: number, now: number): boolean {
    const highest = this.#highest;
    if (highest === undefined || sequence - highest > maxBurst) {
      this.#missing.clear();
      this.#highest = sequence;
      return false;
    }
    if (sequence <= highest) return this.#found(sequence, now);
    for (let hole = highest + 1; hole < sequence && this.#missing.size < maxTracked; hole++) {
      const never = Number.NEGATIVE_INFINITY;
      this.#missing.set(hole, { since: now, firstAskedAt: now, askedAt: never });
      this.#nextDue = never;
    }
    this.#highest = sequence;
    return false;
  }

  /** 16-bit sequence numbers to ask for now, ascending; those asked for too long are dropped. */
  due(now: number): number[] {
    if (now < this.#nextDue) return [];
    this.#nextDue = Number.POSITIVE_INFINITY;
    const due: number[] = [];
    for (const [sequence, missing] of this.#missing) {
      if (now - missing.since >= giveUpMs) {
        this.#missing.delete(sequence);
        continue;
      }
      if (now - missing.askedAt >= this.#repeatMs) {
        if (missing.askedAt === Number.NEGATIVE_INFINITY) missing.firstAskedAt = now;
        missing.askedAt = now;
        due.push(sequence & 0xffff);
      }
      const next = Math.min(missing.askedAt + this.#repeatMs, missing.since + giveUpMs);
      this.#nextDue = Math.min(this.#nextDue, next);
    }
    return due;
  }

  /** Whether a packet behind `after` did not come although it was asked for a few times: others should not wait for it. */
  overdue(now: number, after: number): boolean {
    const patienceMs = Math.min(mostPatienceMs, fewRequests * this.#repeatMs);
    for (const [sequence, { since }] of this.#missing) {
      if (now - since < patienceMs) return false;
      if (sequence > after) return true;
    }
    return false;
  }

  #found(sequence: number, now: number): boolean {
    const missing = this.#missing.get(sequence);
    if (!missing) return false;
    this.#missing.delete(sequence);
    const answerMs = now - missing.firstAskedAt;
    // One that was only overtaken comes sooner than any answer can: what is known falls slowly.
    const known = this.#answerMs ?? 0;
    this.#answerMs = answerMs > known ? answerMs : known + (answerMs - known) / 16;
    return true;
  }

  /** A little more than an answer takes. */
  get #repeatMs(): number {
    if (this.#answerMs === undefined) return firstRepeatMs;
    return Math.min(mostRepeatMs, Math.max(leastRepeatMs, this.#answerMs * 1.25));
  }
}
