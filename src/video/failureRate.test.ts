import { CircuitState } from "cockatiel";
import { expect, test } from "vitest";
import { FailureRateBreaker } from "./failureRate.ts";

const limits = { failureRate: 0.5, windowMs: 1_000, minCalls: 4 };
const { Closed, HalfOpen } = CircuitState;

function breakerAt(start = 0) {
  let now = start;
  const breaker = new FailureRateBreaker(limits, () => now);
  return {
    pass: () => breaker.success(Closed),
    fail: (state = Closed) => breaker.failure(state),
    recover: () => breaker.success(HalfOpen),
    wait: (ms: number) => {
      now += ms;
    },
  };
}

test("stays closed below the least number of calls, however many fail", () => {
  const { fail } = breakerAt();
  expect([fail(), fail(), fail()]).toEqual([false, false, false]);
});

test("opens when the failure rate is reached", () => {
  const { fail, pass } = breakerAt();
  pass();
  pass();
  expect([fail(), fail()]).toEqual([false, true]);
});

test("stays closed below the failure rate", () => {
  const { fail, pass } = breakerAt();
  for (let i = 0; i < 4; i++) pass();
  expect([fail(), fail(), fail()]).toEqual([false, false, false]);
});

test("forgets what is older than the window, also after a long silence", () => {
  const { fail, wait } = breakerAt();
  expect([fail(), fail(), fail()]).toEqual([false, false, false]);
  wait(1_000);
  expect(fail()).toBe(false);
});

test("a failed probe opens again, a good one forgets the past", () => {
  const { fail, recover } = breakerAt();
  expect(fail(HalfOpen)).toBe(true);
  recover();
  expect([fail(), fail()]).toEqual([false, false]);
});
