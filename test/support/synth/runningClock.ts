import type { Clock } from "../../../src/core/clock.ts";
import { steadyClock } from "../../../src/synth/transport/steadyClock.ts";

/** Whoever sends media looks at the time more often than this, ms. */
const mostMs = 25;

/** A clock that stands still while this process does, so that nothing is ever late by it: for what is exactly in time. */
export function runningClock(): Clock {
  let passed = steadyClock.now();
  let seen = passed;
  const now = () => {
    const real = steadyClock.now();
    passed += Math.min(mostMs, real - seen);
    seen = real;
    return passed;
  };
  return { now, sleep: steadyClock.sleep };
}
