import { describe, expect, it } from "vitest";
import { sampleRate } from "../../../core/media.ts";
import { hopMs, loudnessOf, PowerMeter, powerOf } from "./loudnessMeter.ts";

const seconds = 3;
const sine = (hertz: number, amplitude: number) =>
  Float32Array.from(
    { length: seconds * sampleRate },
    (_, index) => amplitude * Math.sin((2 * Math.PI * hertz * index) / sampleRate),
  );
const silence = new Float32Array(seconds * sampleRate);

/** Loudness of steady sound, once the filters have settled, LUFS. */
function loudness(left: Float32Array, right: Float32Array): number {
  const meter = new PowerMeter((seconds * 1000) / hopMs);
  // In uneven pieces, as packets come.
  for (let at = 0; at < left.length; at += 961)
    meter.add(left.subarray(at, at + 961), right.subarray(at, at + 961), at);
  const settled = meter.powers.subarray(10);
  return loudnessOf(settled.reduce((sum, power) => sum + power, 0) / settled.length);
}

describe("loudness", () => {
  it("is that of ITU-R BS.1770 for a sine of 997 Hz: full scale in one channel −3.01 LUFS, in both 0", () => {
    const full = sine(997, 1);
    expect(loudness(full, silence)).toBeCloseTo(-3.01, 2);
    expect(loudness(silence, full)).toBeCloseTo(-3.01, 2);
    expect(loudness(full, full)).toBeCloseTo(0, 2);
  });

  it("is that of EBU Tech 3341 for a stereo sine of 1 kHz at −23 dBFS", () => {
    const quiet = sine(1000, 10 ** (-23 / 20));
    expect(loudness(quiet, quiet)).toBeCloseTo(-23, 1);
  });

  it("counts rumble less and what is shrill more", () => {
    const [low, high] = [sine(40, 0.1), sine(8000, 0.1)];
    const middle = loudness(sine(997, 0.1), silence);
    expect(loudness(low, silence)).toBeLessThan(middle - 4);
    expect(loudness(high, silence)).toBeCloseTo(middle + 3.3, 0);
  });

  it("is measured where sound is, and nothing where there is none", () => {
    const meter = new PowerMeter(10);
    const piece = sine(997, 1).subarray(0, sampleRate / 10);
    meter.add(piece, piece, -sampleRate / 10);
    meter.add(piece, piece, sampleRate / 2);
    meter.add(piece, piece, 2 * sampleRate);
    expect([...meter.powers].map((power) => (power > 0.01 ? 1 : 0))).toEqual([
      ...[0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    ]);
  });

  it("and power are two words for one thing", () => {
    expect(loudnessOf(powerOf(-18))).toBeCloseTo(-18, 10);
  });
});
