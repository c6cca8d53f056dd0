/** A request is not repeated sooner while nothing is known of the sender: it needs some time to make a keyframe, ms. */
export const keyframeRetryMs = 400;
const leastRetryMs = 100;
/** After an answered request the next is not made sooner: a keyframe is many packets, and they may be lost too, ms. */
const leastDistanceMs = 200;

/**
 * When to ask a sender for a keyframe, by how it answered before. All times are ms of one clock, sequence numbers
 * extended.
 */
export class KeyframeRequests {
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Requests since the last that was answered. */
  #unanswered = 0;
  #answerMs: number | undefined;
  /** The latest keyframe that began. */
  #began = { sequence: Number.NEGATIVE_INFINITY, timestamp: -1, at: Number.NEGATIVE_INFINITY };
  #whole = true;

  /** Sequence number at which the latest keyframe began. */
  get latest(): number {
    return this.#began.sequence;
  }

  /** Since when nothing has been asked, ms. */
  sinceAsked(now: number): number {
    return now - this.#askedAt;
  }

  /** The next request may be made at once. */
  renew(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY;
    this.#unanswered = 0;
  }

  asked(now: number): void {
    this.#askedAt = now;
    this.#unanswered++;
  }

  /** A packet came that a keyframe can begin with; the first of one RTP timestamp counts. */
  began(sequence: number, timestamp: number, now: number): void {
    if (timestamp === this.#began.timestamp) return;
    if (this.#unanswered > 0 && now >= this.#askedAt) {
      const answerMs = now - this.#askedAt;
      this.#answerMs = this.#answerMs === undefined ? answerMs : (this.#answerMs + answerMs) / 2;
      this.#unanswered = 0;
    }
    this.#began = { sequence, timestamp, at: now };
    this.#whole = false;
  }

  /** A keyframe is there as a whole. */
  completed(): void {
    this.#whole = true;
  }

  /** It takes a keyframe that begins at `sequence` or later: one that began before is none. */
  broken(sequence: number): void {
    if (this.#began.sequence < sequence) this.#whole = true;
  }

  /** A keyframe has begun to arrive and may still become whole. */
  underWay(now: number): boolean {
    return !this.#whole && now - this.#began.at < keyframeRetryMs;
  }

  /** Whether to ask now, given that a keyframe is needed. */
  due(now: number): boolean {
    if (this.underWay(now)) return false;
    return this.sinceAsked(now) >= (this.#unanswered === 0 ? leastDistanceMs : this.#retryMs);
  }

  /** Twice what the last answers took; more with each request that was not answered. */
  get #retryMs(): number {
    if (this.#answerMs === undefined) return keyframeRetryMs;
    const first = Math.max(leastRetryMs, this.#answerMs * 2);
    return Math.min(keyframeRetryMs, first * 2 ** (this.#unanswered - 1));
  }
}
