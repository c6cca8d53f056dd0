import { describe, expect, it } from "vitest";
import {
  gainsOf,
  levelAfter,
  levelAheadMs,
  ofScreens,
  ofVoices,
  targetLoudness,
  unknownLevel,
} from "./leveller.ts";
import { hopMs, powerOf } from "./loudnessMeter.ts";

const hopsIn = (seconds: number) => (seconds * 1000) / hopMs;
const count = (seconds: number) => Array.from({ length: hopsIn(seconds) }, (_, hop) => hop);

/** Words and pauses whose loud parts are at a level, LUFS. */
const speech = (seconds: number, loudness: number) =>
  count(seconds).map((hop) => powerOf(loudness + ([0, -2, 1, -14, -25][hop % 5] ?? 0)));
/** Steady but for what noise varies within a tenth of a second. */
const noise = (seconds: number, loudness: number) =>
  count(seconds).map((hop) => powerOf(loudness + 0.5 * Math.sin(hop * hop)));
const silence = (seconds: number) => count(seconds).map(() => 0);

const voice = (...parts: number[][]) =>
  gainsOf(Float32Array.from(parts.flat()), unknownLevel, ofVoices);
const at = (gains: Float32Array, seconds: number) => gains[hopsIn(seconds)] ?? Number.NaN;

describe("levels", () => {
  it("bring who is quiet and who is loud to one loudness, from the first word on", () => {
    for (const [loudness, most] of [
      [-33, 18],
      [-25, 18],
      [-12, 18],
    ] as const) {
      const gains = voice(silence(5), speech(60, loudness));
      const expected = at(gains, 50);
      expect(Math.abs(loudness - 3 + expected - targetLoudness)).toBeLessThan(2);
      expect(expected).toBeLessThanOrEqual(most);
      expect(Math.abs(at(gains, 5.2) - expected)).toBeLessThan(2);
    }
  });

  it("stay within bounds", () => {
    expect(at(voice(speech(60, -42)), 50)).toBe(ofVoices.most);
    expect(at(voice(speech(60, 0)), 50)).toBe(ofVoices.least);
    const screen = gainsOf(Float32Array.from(speech(60, -40)), unknownLevel, ofScreens);
    expect(at(screen, 50)).toBe(ofScreens.most);
  });

  it("leave noise and silence as they are", () => {
    expect(highest(voice(noise(60, -45)))).toBe(0);
    expect(highest(voice(silence(10)))).toBe(0);
    // Also of somebody who mutes and unmutes themselves.
    const muting = count(6).map((turn) => (turn % 2 === 0 ? noise(8, -48) : silence(7)));
    expect(highest(voice(...muting))).toBe(0);
  });

  it("do not bring up the noise between the words of who is quiet", () => {
    const gains = voice(speech(20, -35), noise(30, -58), speech(20, -35));
    expect(at(gains, 15)).toBeGreaterThan(12);
    expect(at(gains, 35)).toBe(0);
    expect(at(gains, 50.1)).toBeGreaterThan(12);
  });

  it("remember somebody over a long silence", () => {
    const gains = voice(speech(20, -34), silence(600), speech(0.5, -34));
    expect(at(gains, 620.2)).toBeGreaterThan(12);
  });

  it("let a laugh be a laugh", () => {
    const gains = voice(speech(40, -22), speech(1, -6), speech(20, -22));
    expect(at(gains, 30) - at(gains, 40.5)).toBeLessThan(5);
  });

  it("go down within seconds for who has become louder, and come up over a minute for who has become quieter", () => {
    const louder = voice(speech(40, -30), speech(40, -14));
    expect(at(louder, 48)).toBeLessThan(at(louder, 30) - 12);
    const quieter = voice(speech(40, -18), speech(120, -33));
    expect(at(quieter, 45)).toBeLessThan(at(quieter, 30) + 5);
    expect(at(quieter, 140)).toBeGreaterThan(at(quieter, 30) + 11);
  });

  it("do not follow what is typed beside the microphone", () => {
    const typing = count(120).map((hop) => powerOf(hop % 4 === 0 ? -42 : -54));
    const gains = voice(speech(30, -20), typing);
    expect(highest(gains)).toBeLessThan(6);
  });

  it("move by little from one moment to the next", () => {
    const gains = voice(silence(5), speech(30, -35), silence(10), speech(30, -8));
    const steps = gains.map((gain, hop) => gain - (gains[hop - 1] ?? gain));
    expect(highest(steps)).toBeLessThan(3.5);
  });

  it("depend on nothing later than they may", () => {
    const past = [speech(30, -30), noise(5, -40), speech(15, -15)].flat();
    const known = past.length - levelAheadMs / hopMs;
    const first = voice(past, speech(20, -50)).subarray(0, known);
    expect(voice(past, silence(20)).subarray(0, known)).toEqual(first);
    expect(voice(past, noise(20, 0)).subarray(0, known)).toEqual(first);
  });

  it("go on where somebody's next track begins", () => {
    const powers = Float32Array.from([...speech(30, -34), ...silence(5)]);
    const level = levelAfter(powers, unknownLevel, ofVoices, hopsIn(30));
    const next = gainsOf(Float32Array.from(speech(0.5, -34)), level, ofVoices);
    expect(next[0]).toBeGreaterThan(12);
    expect(levelAfter(powers, unknownLevel, ofVoices, 0)).toBe(unknownLevel);
    expect(levelAfter(powers, unknownLevel, ofVoices, 1e6)).toEqual(level);
  });
});

const highest = (values: Float32Array) =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
