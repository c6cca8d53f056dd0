import { expect, test } from "vitest";
import { ReportRhythm } from "./reportRhythm.ts";

const limitAfter = (...reports: number[]): number => {
  const rhythm = new ReportRhythm();
  for (const at of reports) rhythm.report(at);
  return rhythm.limitMs(4000);
};

test("a sender that never reports, or often, has the usual time", () => {
  expect(limitAfter()).toBe(4000);
  expect(limitAfter(0, 1000, 2000)).toBe(4000);
});

test("a sender that reports seldom has more time, also before that is known", () => {
  expect(limitAfter(0)).toBe(10_000);
  expect(limitAfter(0, 7400, 9000)).toBe(11_100);
});

test("no sender has time without limit", () => {
  expect(limitAfter(0, 100_000)).toBe(16_000);
});
