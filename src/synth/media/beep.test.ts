import fc from "fast-check";
import { expect, it } from "vitest";
import { sampleRate } from "../../core/media.ts";
import { beepSample, findBeeps, findSounds, isOn, pitchOf } from "./beep.ts";

function sound(seconds: number, participants: readonly number[], shift = 0): Float32Array {
  return Float32Array.from({ length: seconds * sampleRate }, (_, index) =>
    participants.reduce((sum, participant) => sum + beepSample(participant, index + shift), 0),
  );
}

it("every beep is found where it begins, also among those of seven others", () => {
  const everybody = [0, 1, 2, 3, 4, 5, 6, 7];
  const mixed = sound(3, everybody, sampleRate / 2);
  for (const participant of everybody) {
    const onsets = findBeeps(mixed, sampleRate, pitchOf(participant));
    expect(onsets).toHaveLength(3);
    onsets.forEach((onset, index) => {
      expect(Math.abs(onset - (500 + index * 1000))).toBeLessThan(4);
    });
  }
});

it("a participant who does not speak is not heard", () => {
  expect(findBeeps(sound(2, [0, 1, 3]), sampleRate, pitchOf(2))).toEqual([]);
});

it("silence and too little sound have no beeps", () => {
  expect(findBeeps(new Float32Array(sampleRate), sampleRate, 500)).toEqual([]);
  expect(findBeeps(new Float32Array(3), sampleRate, 500)).toEqual([]);
});

it("noise neither hides nor shifts a beep, whatever the sample rate", () => {
  const rates = fc.constantFrom(44_100, 48_000);
  fc.assert(
    fc.property(rates, fc.integer({ min: 200, max: 700 }), fc.nat(), (rate, ms, seed) => {
      const shift = Math.round((ms * sampleRate) / 1000);
      const random = noise(seed);
      const samples = Float32Array.from({ length: rate }, (_, index) => {
        const position = Math.round((index * sampleRate) / rate) + shift;
        return beepSample(1, position) + 0.1 * random();
      });
      const onsets = findBeeps(samples, rate, pitchOf(1));
      expect(onsets).toHaveLength(1);
      expect(Math.abs((onsets[0] ?? 0) - (1000 - ms))).toBeLessThan(5);
    }),
    { numRuns: 10 },
  );
});

/** Evenly distributed in −1…1. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

it("beep and flash are on in the first tenth of each second", () => {
  expect([0, 99.9, 100, 999, 1000, -950].map(isOn)).toEqual([true, true, false, false, true, true]);
});

it("what is left of a beep that was cut is heard, for as long as it lasts", () => {
  const cut = sound(2, [1]);
  cut.fill(0, sampleRate + 1920, sampleRate + 9600);
  const [whole, left] = findSounds(cut, sampleRate, pitchOf(1));
  expect(whole?.lengthMs).toBeGreaterThan(85);
  expect(whole?.lengthMs).toBeLessThan(110);
  expect(Math.abs((left?.startMs ?? 0) - 1000)).toBeLessThan(4);
  expect(left?.lengthMs).toBeGreaterThan(25);
  expect(left?.lengthMs).toBeLessThan(50);
  expect(findBeeps(cut, sampleRate, pitchOf(1))).toHaveLength(1);
});
