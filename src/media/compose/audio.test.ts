import { describe, expect, it } from "vitest";
import { limit } from "./audioMixer.ts";
import { placeFrame } from "./audioTrack.ts";

describe("placeFrame", () => {
  it("continues sound without a seam while time stamps only jitter", () => {
    expect(placeFrame(1000, 1000)).toBe(1000);
    expect(placeFrame(1048, 1000)).toBe(1000);
    expect(placeFrame(900, 1000)).toBe(1000);
  });

  it("drifts after the clock by two samples at most", () => {
    expect(placeFrame(1400, 1000)).toBe(1002);
    expect(placeFrame(600, 1000)).toBe(998);
  });

  it("jumps over gaps, and starts where it belongs", () => {
    expect(placeFrame(9000, 1000)).toBe(9000);
    expect(placeFrame(777, undefined)).toBe(777);
  });
});

describe("limit", () => {
  it("leaves normal sound alone and never exceeds full scale", () => {
    const samples = Float32Array.of(0, 0.5, -0.8, 1.2, -4);
    limit(samples);
    expect([...samples.subarray(0, 3)].map((value) => value.toFixed(3))).toEqual([
      "0.000",
      "0.500",
      "-0.800",
    ]);
    expect(samples[3]).toBeGreaterThan(0.9);
    expect(samples[3]).toBeLessThanOrEqual(1);
    expect(samples[4]).toBeGreaterThanOrEqual(-1);
  });
});
