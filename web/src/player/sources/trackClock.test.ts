import { expect, it } from "vitest";
import { MasterClock } from "./masterClock.ts";
import { TrackClock } from "./trackClock.ts";

it("maps the recording's time to a track's, between points and beyond", () => {
  const clock = new TrackClock([
    { mediaMs: 100, atMs: 1100 },
    { mediaMs: 10_100, atMs: 11_200 },
    { mediaMs: 20_100, atMs: 21_200 },
  ]);
  expect(clock.mediaAt(1000)).toBe(0);
  expect(clock.mediaAt(1100)).toBe(100);
  expect(clock.mediaAt(6150)).toBeCloseTo(5100);
  expect(clock.mediaAt(30_000)).toBe(28_900);
  expect(clock.speedAt(6000)).toBeCloseTo(10_000 / 10_100);
  expect(clock.speedAt(0)).toBe(1);
});

it("keeps its place when it stops, starts and changes its speed", () => {
  let now = 0;
  const clock = new MasterClock(() => now);
  clock.running = true;
  now = 1000;
  clock.rate = 2;
  now = 1500;
  expect(clock.positionMs).toBe(2000);
  clock.running = false;
  now = 9000;
  expect(clock.positionMs).toBe(2000);
  clock.positionMs = 500;
  clock.running = true;
  now = 9100;
  expect(clock.positionMs).toBe(700);
});
