import { describe, expect, it } from "vitest";
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
