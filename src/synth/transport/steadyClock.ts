import { type Clock, systemClock } from "../../core/clock.ts";

/** Epoch ms with fractions, never stepping back or forth with corrections of the wall clock: for pacing media. */
export const steadyClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  sleep: systemClock.sleep,
};
