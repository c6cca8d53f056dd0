import { expect, it, vi } from "vitest";
import { systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import { startLoop } from "./loop.ts";

const base = { name: "test", idleMs: 60_000, clock: systemClock, log: silentLog };

it("goes on at once while there is more to do, then rests until it is woken", async () => {
  const left = [true, true, false];
  let looks = 0;
  const work = async () => {
    looks++;
    return left.shift() ?? false;
  };
  const loop = startLoop({ ...base, work });
  await vi.waitFor(() => expect(looks).toBe(3));
  loop.wake();
  await vi.waitFor(() => expect(looks).toBe(4));
  await loop.stop();
});

it("goes on after an error", async () => {
  let looks = 0;
  const loop = startLoop({
    ...base,
    work: async () => {
      looks++;
      throw new Error("database away");
    },
  });
  await vi.waitFor(() => expect(looks).toBe(1));
  await vi.waitFor(() => {
    loop.wake();
    expect(looks).toBeGreaterThan(1);
  });
  await loop.stop();
});

it("stops by telling the work at hand and waiting for it", async () => {
  let ended = false;
  const loop = startLoop({
    ...base,
    work: async (signal) => {
      await systemClock.sleep(60_000, signal);
      ended = true;
      return true;
    },
  });
  await loop.stop();
  expect(ended).toBe(true);
});
