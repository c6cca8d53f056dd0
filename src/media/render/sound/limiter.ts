import { sampleRate } from "../../../core/media.ts";
import { slidingMinimum, slidingSum } from "./slidingWindow.ts";
import { peakBound, peakReach, truePeaks } from "./truePeak.ts";

/** Highest true peak before encoding, linear: −2.5 dBTP, so that with what AAC adds to it no peak is above −1 dBTP. */
export const ceiling = 10 ** (-2.5 / 20);
/** AAC adds the more to peaks the steeper the sound: so much of the step between two samples counts as part of the peak. */
const steepness = 0.5;
/** Its encoder adds most where it begins, within the first samples of a file: there the ceiling begins so low. */
const [coldSamples, coldCeiling] = [0.06 * sampleRate, 0.5];
/** Samples in each of the three averages that round the gain off; odd. */
const averaged = 257;
/** How far the rounding reaches to each side, samples: 8 ms, so that the gain stands still within a period of a voice. */
const half = (3 * (averaged - 1)) / 2;
/** What comes back of the gain per sample: all of it in 150 ms. */
const release = 1 / (0.15 * sampleRate);
/** Gains are averaged as whole numbers of these: such sums do not depend on where they began. */
const unit = 2 ** 24;
/** Samples looked at together, and closer only where one of them is near the ceiling. */
const stretch = 64;

/** Samples before another that its gain may depend on. */
export const limiterBehind = Math.ceil(1 / release) + 2 * half + 2 * peakReach;
/** And after it. */
const ahead = 2 * half + peakReach;
/** Samples kept before those that were not taken yet. */
const kept = 2 * half + peakReach;

/**
 * Holds the true peak of stereo sound below the ceiling: it is turned down smoothly before each peak and up again after it,
 * both channels alike. What stays below is passed on as it is. The gain of a sample depends only on the samples around
 * it, `limiterBehind` at most before it, so it does not matter where one began.
 */
export class Limiter {
  #left: Float32Array;
  #right: Float32Array;
  /** What each sample needs, or is still held down to after another. */
  #gains: Float64Array;
  /** Index of the next sample to take, of the end of the gains known, of the end of the sound. */
  #next = kept;
  #known = kept;
  #end = kept;
  /** Where in the file the sample of index 0 belongs. */
  #origin: number;

  /** `from` is where in the file the first sample added belongs. At most `longest` samples are added or taken at once. */
  constructor(from: number, longest: number) {
    const size = kept + 2 * longest + ahead;
    this.#left = new Float32Array(size);
    this.#right = new Float32Array(size);
    this.#gains = new Float64Array(size).fill(1);
    this.#origin = from - kept;
  }

  /** Where in the file the next sample to take belongs. */
  get position(): number {
    return this.#origin + this.#next;
  }

  /** Samples that can be taken. */
  get ready(): number {
    return Math.max(0, this.#known - 2 * half - this.#next);
  }

  /** Adds sound that follows; first what is `ready` has to be taken. */
  add(left: Float32Array, right: Float32Array): void {
    this.#drop(this.#next - kept);
    this.#left.set(left, this.#end);
    this.#right.set(right, this.#end);
    this.#end += left.length;
    while (this.#known < this.#end - peakReach)
      this.#judge(Math.min(stretch, this.#end - peakReach - this.#known));
  }

  /** Takes as many samples as the two hold. */
  take(left: Float32Array, right: Float32Array): void {
    const [from, to] = [this.#next, this.#next + left.length];
    this.#next = to;
    left.set(this.#left.subarray(from, to));
    right.set(this.#right.subarray(from, to));
    const needed = this.#gains.subarray(from - 2 * half, to + 2 * half);
    if (needed.every((gain) => gain === 1)) return;
    const gains = rounded(needed);
    for (const channel of [left, right])
      for (let at = 0; at < channel.length; at++)
        channel[at] = (channel[at] as number) * (gains[at] as number);
  }

  #drop(count: number): void {
    for (const values of [this.#left, this.#right, this.#gains])
      values.copyWithin(0, count, this.#end);
    this.#origin += count;
    this.#next -= count;
    this.#known -= count;
    this.#end -= count;
  }

  /** Finds the gains of the next `count` samples. */
  #judge(count: number): void {
    const at = this.#known;
    const near = this.#isNear(at, count);
    const peaks = near ? this.#peaks(at, count) : undefined;
    for (let index = 0; index < count; index++) {
      const allowed = ceilingAt(this.#origin + at + index);
      const needed = peaks ? Math.min(1, allowed / (peaks[index] as number)) : 1;
      this.#gains[at + index] = Math.min(needed, (this.#gains[at + index - 1] as number) + release);
    }
    this.#known += count;
  }

  /** Whether a peak can be above the ceiling. */
  #isNear(at: number, count: number): boolean {
    let highest = 0;
    let step = 0;
    for (const channel of [this.#left, this.#right]) {
      let last = channel[at - peakReach] as number;
      for (let index = at - peakReach; index < at + count + peakReach; index++) {
        const here = channel[index] as number;
        highest = Math.max(highest, Math.abs(here));
        step = Math.max(step, Math.abs(here - last));
        last = here;
      }
    }
    return peakBound(highest, step) + steepness * step > ceilingAt(this.#origin + at);
  }

  #peaks(at: number, count: number): Float64Array {
    const peaks = new Float64Array(count);
    for (const channel of [this.#left, this.#right]) {
      const own = truePeaks(channel, at, count);
      for (let index = 0; index < count; index++) {
        const peak = (own[index] as number) + steepness * stepAt(channel, at + index);
        peaks[index] = Math.max(peaks[index] as number, peak);
      }
    }
    return peaks;
  }
}

function ceilingAt(position: number): number {
  const warm = Math.min(1, position / coldSamples);
  return ceiling * (coldCeiling + (1 - coldCeiling) * warm);
}

/** The larger of the steps from a sample to its neighbours. */
function stepAt(samples: Float32Array, at: number): number {
  const [before = 0, here = 0, after = 0] = [samples[at - 1], samples[at], samples[at + 1]];
  return Math.max(Math.abs(here - before), Math.abs(after - here));
}

/** Gains that are never above the needed ones and change smoothly; `4 * half` fewer than those. */
function rounded(needed: Float64Array): Float64Array {
  let sums = slidingMinimum(needed, 2 * half + 1);
  for (let at = 0; at < sums.length; at++) sums[at] = Math.floor((sums[at] as number) * unit);
  for (let pass = 0; pass < 3; pass++) sums = slidingSum(sums, averaged);
  const whole = unit * averaged ** 3;
  for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) / whole;
  return sums;
}
