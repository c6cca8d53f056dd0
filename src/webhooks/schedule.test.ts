import { describe, expect, it, test } from "vitest";
import { pauseAfter, retryAfterMs } from "./schedule.ts";

const hour = 3_600_000;

describe("the pause after a failed attempt", () => {
  it("grows from 5 s to a day, then there is none", () => {
    const pauses = Array.from({ length: 10 }, (_, at) => pauseAfter(at + 1, 0));
    expect(pauses).toEqual([
      ...[5_000, 300_000, 1_800_000, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour],
      ...[24 * hour, undefined],
    ]);
  });

  it("is up to a fifth longer by chance", () => {
    expect(pauseAfter(1, 0.5)).toBe(5_500);
    expect(pauseAfter(9, 0.999_999)).toBeLessThanOrEqual(1.2 * 24 * hour);
  });

  it("is as long as the receiver asks for, never shorter than planned", () => {
    expect(pauseAfter(1, 0, 60_000)).toBe(60_000);
    expect(pauseAfter(2, 0, 60_000)).toBe(300_000);
  });

  it("does not come back because a receiver asks for it", () => {
    expect(pauseAfter(10, 0, 60_000)).toBeUndefined();
  });
});

const now = Date.parse("2026-01-01T00:00:00Z");
test.each([
  ["120", 120_000],
  [" 0 ", 0],
  ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["999999999", 24 * hour],
  ["9999999999999999999999", undefined],
  ["Thu, 01 Jan 2099 00:00:00 GMT", 24 * hour],
  ["soon", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After: %s", (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms);
});
