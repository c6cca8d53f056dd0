import { expect, it } from "vitest";
import { Decimator } from "./decimate.ts";

const tone = (hertz: number, seconds = 1) =>
  Float32Array.from({ length: 48_000 * seconds }, (_, at) =>
    Math.sin((2 * Math.PI * hertz * at) / 48_000),
  );
const loudest = (samples: Float32Array) =>
  samples.subarray(1_000, -1_000).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

it.each([100, 1_000, 4_000])("leaves speech at %i Hz as loud as it is", (hertz) => {
  const sound = tone(hertz);
  expect(loudest(new Decimator().push(sound, sound))).toBeCloseTo(1, 1);
});

it.each([10_000, 15_000, 20_000])(
  "leaves nothing of %i Hz, which would come back lower",
  (hertz) => {
    const sound = tone(hertz);
    expect(loudest(new Decimator().push(sound, sound))).toBeLessThan(0.02);
  },
);

it("gives the same however the sound is cut", () => {
  const sound = tone(440);
  const whole = new Decimator().push(sound, sound);
  const inPieces = new Decimator();
  const pieces: number[] = [];
  for (let at = 0; at < sound.length; at += 959) {
    const piece = sound.subarray(at, at + 959);
    pieces.push(...inPieces.push(piece, piece));
  }
  expect(pieces).toEqual([...whole]);
  expect(whole.length).toBeGreaterThan(15_980);
});

it("takes the middle of two channels", () => {
  const sound = tone(440);
  const silence = new Float32Array(sound.length);
  expect(loudest(new Decimator().push(sound, silence))).toBeCloseTo(0.5, 1);
});
