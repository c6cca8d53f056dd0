/** Of ITU-R BS.1770-4, Annex 2: four points between two samples, each from the twelve samples around them. */
const earlyPhases = [
  [
    0.001708984375, 0.010986328125, -0.0196533203125, 0.033203125, -0.0594482421875,
    0.1373291015625, 0.97216796875, -0.102294921875, 0.047607421875, -0.026611328125,
    0.014892578125, -0.00830078125,
  ],
  [
    -0.0291748046875, 0.029296875, -0.0517578125, 0.089111328125, -0.16650390625, 0.465087890625,
    0.77978515625, -0.2003173828125, 0.1015625, -0.0582275390625, 0.0330810546875, -0.0189208984375,
  ],
];
const phases = [...earlyPhases, ...earlyPhases.map((taps) => [...taps].reverse())];
/** All phases side by side: the taps for one sample, then those for the sample before it. */
const taps = Float64Array.from({ length: 48 }, (_, at) => phases[at % 4]?.[at >> 2] ?? 0);

/** Samples on each side of a sample that its true peak depends on. */
export const peakReach = 6;

const worst = (weigh: (tap: number, at: number) => number) =>
  Math.max(...phases.map((phase) => phase.reduce((sum, tap, at) => sum + weigh(tap, at), 0)));
/** No point between samples is further from zero than so many times the furthest sample it is made from, … */
const ofSamples = worst((tap) => Math.abs(tap));
/** … nor than the sample before it by so many times the largest step between those, but for taps that add up to more than 1. */
const ofSteps = worst((tap, at) => Math.abs(tap) * Math.abs(at - peakReach));
const ofBase = worst((tap) => tap);

/** What no true peak is above where no sample is above `highest`, and none further than `step` from the next. */
export function peakBound(highest: number, step: number): number {
  return Math.min(ofSamples * highest, Math.max(1, ofBase) * highest + ofSteps * step);
}

/**
 * True peaks of `count` samples from `at` on: the sample itself and the points up to the next sample on each side.
 * `samples` reach `peakReach` further on both sides.
 */
export function truePeaks(samples: Float32Array, at: number, count: number): Float64Array {
  const peaks = Float64Array.from({ length: count }, (_, index) =>
    Math.abs(samples[at + index] as number),
  );
  for (let index = -1; index < count; index++) {
    const between = highestAfter(samples, at + index);
    if (index >= 0) peaks[index] = Math.max(peaks[index] as number, between);
    if (index + 1 < count) peaks[index + 1] = Math.max(peaks[index + 1] as number, between);
  }
  return peaks;
}

/** The furthest from zero of the points between a sample and the next. */
function highestAfter(samples: Float32Array, at: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let tap = 0; tap < taps.length; tap += 4) {
    const sample = samples[at + peakReach - (tap >> 2)] as number;
    first += (taps[tap] as number) * sample;
    second += (taps[tap + 1] as number) * sample;
    third += (taps[tap + 2] as number) * sample;
    fourth += (taps[tap + 3] as number) * sample;
  }
  return Math.max(Math.abs(first), Math.abs(second), Math.abs(third), Math.abs(fourth));
}
