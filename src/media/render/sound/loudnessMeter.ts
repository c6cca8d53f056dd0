import { sampleRate } from "../../../core/media.ts";

/** Coefficients of a second-order filter, `a0` = 1. */
interface Biquad {
  b0: number;
  b1: number;
  b2: number;
  a1: number;
  a2: number;
}

/** K-weighting of ITU-R BS.1770-4, Annex 1, for 48 kHz: first what the head does, then no rumble. */
const head: Biquad = {
  ...{ b0: 1.53512485958697, b1: -2.69169618940638, b2: 1.19839281085285 },
  ...{ a1: -1.69065929318241, a2: 0.73248077421585 },
};
const highPass: Biquad = { b0: 1, b1: -2, b2: 1, a1: -1.99004745483398, a2: 0.99007225036621 };

/** One channel as loudly as people hear it. */
class KWeighting {
  #head1 = 0;
  #head2 = 0;
  #high1 = 0;
  #high2 = 0;

  /** Sum of the squares of the weighted samples `from` up to `to`. */
  energy(samples: Float32Array, from: number, to: number): number {
    let [h1, h2, p1, p2] = [this.#head1, this.#head2, this.#high1, this.#high2];
    let sum = 0;
    for (let at = from; at < to; at++) {
      const x = samples[at] as number;
      const y = head.b0 * x + h1;
      h1 = head.b1 * x - head.a1 * y + h2;
      h2 = head.b2 * x - head.a2 * y;
      const z = highPass.b0 * y + p1;
      p1 = highPass.b1 * y - highPass.a1 * z + p2;
      p2 = highPass.b2 * y - highPass.a2 * z;
      sum += z * z;
    }
    [this.#head1, this.#head2, this.#high1, this.#high2] = [h1, h2, p1, p2];
    return sum;
  }
}

/** Length of the stretches whose power is measured, ms; four of them are a momentary loudness. */
export const hopMs = 100;
const hopSamples = (hopMs * sampleRate) / 1000;

/** Loudness of a power, LUFS. */
export function loudnessOf(power: number): number {
  return -0.691 + 10 * Math.log10(power);
}

/** Power of a loudness, LUFS. */
export function powerOf(loudness: number): number {
  return 10 ** ((loudness + 0.691) / 10);
}

/**
 * Measures the K-weighted power of stereo sound, hop by hop from its position 0 on. Sound is added in order; what is left
 * out is silence.
 */
export class PowerMeter {
  readonly #powers: Float32Array;
  readonly #left = new KWeighting();
  readonly #right = new KWeighting();

  /** Measures so many hops. */
  constructor(hops: number) {
    this.#powers = new Float32Array(hops);
  }

  /** Mean squares of both channels together, one per hop. */
  get powers(): Float32Array {
    return this.#powers;
  }

  /** Adds sound that begins at sample `position`; before 0 it only prepares for what comes. */
  add(left: Float32Array, right: Float32Array, position: number): void {
    for (let at = 0; at < left.length; ) {
      const hop = Math.floor((position + at) / hopSamples);
      const end = Math.min(left.length, (hop + 1) * hopSamples - position);
      const energy = this.#left.energy(left, at, end) + this.#right.energy(right, at, end);
      if (hop >= 0 && hop < this.#powers.length)
        this.#powers[hop] = (this.#powers[hop] ?? 0) + energy / hopSamples;
      at = end;
    }
  }
}
