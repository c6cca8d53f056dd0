import { expect, test } from "vitest";
import { StreamClock } from "./streamClock.ts";

/** Of a clock that is so far ahead, answered within 40 ms. */
function answer(clock: StreamClock, at: number, aheadMs: number): void {
  clock.learn(new Date(at + 20 + aheadMs).toUTCString(), at, at + 40);
}

test("nothing is known before the first answer, or from one without a date", () => {
  const clock = new StreamClock();
  clock.learn(null, 0, 1);
  clock.learn("soon", 0, 1);
  expect(clock.aheadMs).toBeUndefined();
});

test.each([0, 3_300, -12_700])(
  "a difference of %i ms is known better with each answer",
  (ahead) => {
    const clock = new StreamClock();
    answer(clock, 1_800_000_000_000, ahead);
    expect(Math.abs((clock.aheadMs ?? Number.NaN) - ahead)).toBeLessThanOrEqual(520);
    for (let at = 1; at < 20; at++) answer(clock, 1_800_000_000_000 + at * 1_370, ahead);
    expect(Math.abs((clock.aheadMs ?? Number.NaN) - ahead)).toBeLessThanOrEqual(60);
  },
);

test("a clock that was set is believed from then on", () => {
  const clock = new StreamClock();
  for (let at = 0; at < 20; at++) answer(clock, 1_800_000_000_000 + at * 1_370, 0);
  answer(clock, 1_800_000_100_000, 60_000);
  expect(Math.abs((clock.aheadMs ?? Number.NaN) - 60_000)).toBeLessThanOrEqual(520);
});
