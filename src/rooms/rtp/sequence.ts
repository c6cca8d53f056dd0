/** Extends a wrapping counter of `bits` bits to a number that only wraps in theory; tolerates reordering. */
export class Unwrapper {
  #modulus: number;
  #highest: number | undefined;

  constructor(bits: 16 | 32) {
    this.#modulus = 2 ** bits;
  }

  /** The extended value nearest to the highest one seen. */
  unwrap(value: number): number {
    if (this.#highest === undefined) {
      this.#highest = value;
      return value;
    }
    const extended = this.#highest + signedDelta(value, this.#highest, this.#modulus);
    this.#highest = Math.max(this.#highest, extended);
    return extended;
  }
}

function signedDelta(value: number, reference: number, modulus: number): number {
  const forward = (((value - reference) % modulus) + modulus) % modulus;
  return forward < modulus / 2 ? forward : forward - modulus;
}

/** Larger jumps are believed only when the next packet confirms them (RFC 3550 A.1). */
const maxDropout = 3000;
/** A retransmission may be a second old: some hundred packets at high bit rates. */
const maxMisorder = 3000;

/**
 * Extends RTP sequence numbers. A sender that restarts its counter is followed from its second packet on;
 * single packets from nowhere are refused.
 */
export class SequenceTracker {
  /** Extended number of the first packet. */
  first: number | undefined;
  /** Highest extended number so far. */
  highest = 0;
  #suspect: number | undefined;

  /** Extended sequence number; undefined when the packet is to be ignored. */
  accept(sequence: number): number | undefined {
    if (this.first === undefined) {
      this.first = this.highest = sequence;
      return sequence;
    }
    const delta = signedDelta(sequence, this.highest, 0x10000);
    if (delta > maxDropout || delta < -maxMisorder) return this.#resync(sequence);
    this.#suspect = undefined;
    const extended = this.highest + delta;
    this.highest = Math.max(this.highest, extended);
    return extended;
  }

  #resync(sequence: number): number | undefined {
    const confirmed = this.#suspect === sequence;
    this.#suspect = (sequence + 1) & 0xffff;
    if (!confirmed) return undefined;
    this.#suspect = undefined;
    const forward = (sequence - this.highest) & 0xffff;
    this.highest += forward + (forward <= maxDropout ? 0x10000 : 0);
    return this.highest;
  }
}
