import { describe, expect, it } from "vitest";
import { sampleRate } from "../../../core/media.ts";
import { ceiling, Limiter, limiterBehind } from "./limiter.ts";
import { peakBound, peakReach, truePeaks } from "./truePeak.ts";

/** Stands for the middle of a file. */
const middle = 10 * sampleRate;
const block = 1024;

type Stereo = [left: Float32Array, right: Float32Array];

/** Pseudo-random numbers from −1 to 1, always the same ones. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const mono = (seconds: number, at: (index: number) => number): Stereo => {
  const samples = Float32Array.from({ length: seconds * sampleRate }, (_, index) => at(index));
  return [samples, samples];
};

/** What comes out for what goes in, from the same place on and as far as it is ready. */
function limited([left, right]: Stereo, from = middle): Stereo {
  const limiter = new Limiter(from, block);
  const out: Stereo = [new Float32Array(left.length), new Float32Array(left.length)];
  let taken = 0;
  for (let at = 0; at < left.length; at += block) {
    limiter.add(left.subarray(at, at + block), right.subarray(at, at + block));
    while (limiter.ready > 0) {
      const end = taken + Math.min(limiter.ready, block);
      limiter.take(out[0].subarray(taken, end), out[1].subarray(taken, end));
      taken = end;
    }
  }
  return [out[0].subarray(0, taken), out[1].subarray(0, taken)];
}

/** Where sound is not the beginning of other sound; −1 where it is. */
const firstDifference = (sound: Float32Array, other: Float32Array) =>
  sound.findIndex((value, at) => value !== other[at]);
const highest = (values: Iterable<number>) => {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
};
const peakOf = (samples: Float32Array) =>
  highest(truePeaks(samples, peakReach, samples.length - 2 * peakReach));
const sine = (hertz: number, amplitude: number) => (index: number) =>
  amplitude * Math.sin((2 * Math.PI * hertz * index) / sampleRate);

describe("true peaks", () => {
  it("find what is between the samples", () => {
    // A quarter of the rate, sampled 45° beside its peaks.
    const samples = Float32Array.from({ length: 480 }, (_, index) =>
      Math.sin((Math.PI / 2) * index + Math.PI / 4),
    );
    expect(highest(samples)).toBeCloseTo(Math.SQRT1_2, 5);
    expect(peakOf(samples)).toBeCloseTo(1, 1);
  });

  it("are never above the bound by which quiet sound is passed over", () => {
    for (const smoothing of [0, 0.5, 0.9, 0.99]) {
      const random = noise(3);
      let last = 0;
      const samples = Float32Array.from({ length: 20_000 }, () => {
        last = smoothing * last + (1 - smoothing) * Math.sign(random());
        return last;
      });
      const steps = samples.map((sample, at) => sample - (samples[at - 1] ?? sample));
      const bound = peakBound(highest(samples), highest(steps));
      expect(peakOf(samples)).toBeLessThanOrEqual(bound);
      expect(peakOf(samples)).toBeGreaterThan(0.5 * bound);
    }
  });
});

describe("the limiter", () => {
  it("passes on what is below the ceiling as it is", () => {
    const random = noise(1);
    const source: Stereo = [mono(1, () => 0.2 * random())[0], mono(1, sine(300, 0.6))[0]];
    const [left, right] = limited(source);
    expect(left.length).toBeGreaterThan(0.97 * sampleRate);
    expect(firstDifference(left, source[0])).toBe(-1);
    expect(firstDifference(right, source[1])).toBe(-1);
  });

  it.each([1, 2, 3, 4])("lets no true peak through, whatever comes (%i)", (seed) => {
    const random = noise(seed);
    let level = 1;
    let last = 0;
    const wild = () => {
      if (random() > 0.999) level = 8 ** random();
      last = seed % 2 === 0 ? random() : 0.9 * last + 0.3 * random();
      return random() > 0.9995 ? 8 * Math.sign(random()) : 3 * level * last;
    };
    const [left, right] = limited([mono(2, wild)[0], mono(2, wild)[0]]);
    // The gain moves between two samples, by next to nothing.
    expect(Math.max(peakOf(left), peakOf(right))).toBeLessThan(1.001 * ceiling);
    expect(Math.max(peakOf(left), peakOf(right))).toBeGreaterThan(0.5 * ceiling);
  });

  it("does the same wherever it began", () => {
    const random = noise(7);
    const wild = () => (random() > 0.999 ? 9 : 1.5) * random();
    const source: Stereo = [mono(2, wild)[0], mono(2, wild)[0]];
    const whole = limited(source);
    for (const from of [1, 777, 12_345]) {
      const [left, right] = limited(
        [source[0].subarray(from), source[1].subarray(from)],
        middle + from,
      );
      for (const [channel, of] of [
        [left, whole[0]],
        [right, whole[1]],
      ] as const)
        expect(
          firstDifference(channel.subarray(limiterBehind), of.subarray(from + limiterBehind)),
        ).toBe(-1);
    }
  });

  it("turns both channels down alike", () => {
    const source: Stereo = [mono(1, sine(440, 2))[0], mono(1, sine(200, 0.1))[0]];
    const [left, right] = limited(source);
    for (let at = 5000; at < 40_000; at += 101) {
      const [l = 0, r = 0] = [source[0][at], source[1][at]];
      if (Math.abs(l) > 0.1) expect((left[at] ?? 0) / l).toBeCloseTo((right[at] ?? 0) / r, 4);
    }
  });

  it("holds a loud voice down without bending it", () => {
    const hertz = 100;
    const [left] = limited(mono(2, sine(hertz, 2)));
    const part = left.subarray(sampleRate, sampleRate + (10 * sampleRate) / hertz);
    const turn = (2 * Math.PI * hertz) / sampleRate;
    const along = (wave: (angle: number) => number) =>
      (2 / part.length) * part.reduce((sum, value, at) => sum + value * wave(turn * at), 0);
    const [a, b] = [along(Math.cos), along(Math.sin)];
    const rest = part.map((value, at) => value - a * Math.cos(turn * at) - b * Math.sin(turn * at));
    expect(Math.hypot(a, b)).toBeGreaterThan(0.9 * ceiling);
    expect(highest(rest)).toBeLessThan(0.001);
  });

  it("is over with a click within a fifth of a second", () => {
    const clickAt = sampleRate;
    const [left] = limited(mono(2, (at) => (at === clickAt ? 4 : sine(440, 0.3)(at))));
    const gainAt = (at: number) => (left[at] ?? 0) / sine(440, 0.3)(at);
    const around = (ms: number) => gainAt(clickAt + (ms * sampleRate) / 1000 + 13);
    expect(around(-30)).toBeCloseTo(1, 5);
    expect(around(2)).toBeLessThan(0.4);
    expect(around(200)).toBeCloseTo(1, 5);
  });

  it("begins a file lower, where the encoder begins", () => {
    const [left] = limited(mono(1, sine(997, 2)), 0);
    expect(highest(left.subarray(0, 200))).toBeLessThan(0.6 * ceiling);
    expect(highest(left.subarray(9600, 20_000))).toBeGreaterThan(0.9 * ceiling);
  });
});
