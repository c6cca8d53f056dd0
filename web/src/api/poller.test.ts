import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "./apiError.ts";
import { Poller } from "./poller.ts";

let visibility: DocumentVisibilityState;

beforeEach(() => {
  vi.useFakeTimers();
  visibility = "visible";
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function pollerOf(ask: () => Promise<number>) {
  const [onValue, onError] = [vi.fn(), vi.fn()];
  const poller = new Poller({ ask, intervalMs: 1000, onValue, onError });
  return { poller, onValue, onError };
}

const look = (state: DocumentVisibilityState) => {
  visibility = state;
  document.dispatchEvent(new Event("visibilitychange"));
};

it("asks at once, then after each interval, until it is stopped", async () => {
  let count = 0;
  const { poller, onValue } = pollerOf(async () => ++count);
  poller.start();
  await vi.advanceTimersByTimeAsync(2500);
  expect(onValue.mock.calls).toEqual([[1], [2], [3]]);
  poller.stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect(count).toBe(3);
});

it("never asks twice at once, however slow the answer", async () => {
  const ask = vi.fn(() => new Promise<number>((resolve) => setTimeout(resolve, 3000, 1)));
  const { poller } = pollerOf(ask);
  poller.start();
  await vi.advanceTimersByTimeAsync(2900);
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1200);
  expect(ask).toHaveBeenCalledTimes(2);
  poller.stop();
});

it("rests while nobody looks and asks at once when somebody does", async () => {
  const ask = vi.fn(async () => 1);
  const { poller } = pollerOf(ask);
  poller.start();
  look("hidden");
  await vi.advanceTimersByTimeAsync(60_000);
  // The timer that ran already fires once more.
  const asked = ask.mock.calls.length;
  expect(asked).toBeLessThanOrEqual(2);
  look("visible");
  await vi.advanceTimersByTimeAsync(0);
  expect(ask).toHaveBeenCalledTimes(asked + 1);
  poller.stop();
});

it("asks ever less often during an outage, and as usual after it", async () => {
  let failing = true;
  const times: number[] = [];
  const { poller, onError } = pollerOf(async () => {
    times.push(Date.now());
    if (failing) throw new ApiError("OFFLINE", "", 0);
    return 1;
  });
  poller.start();
  await vi.advanceTimersByTimeAsync(16_000);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(waits).toEqual([1000, 2000, 4000, 8000]);
  expect(onError).toHaveBeenCalledTimes(5);
  failing = false;
  await vi.advanceTimersByTimeAsync(13_000);
  expect(times.slice(-2).reduce((a, b) => b - a)).toBe(1000);
  poller.stop();
});

it("a refusal is not an outage", async () => {
  const ask = vi.fn(async () => {
    throw new ApiError("NOT_FOUND", "", 404);
  });
  const { poller } = pollerOf(ask);
  poller.start();
  await vi.advanceTimersByTimeAsync(3500);
  expect(ask).toHaveBeenCalledTimes(4);
  poller.stop();
});

it("refresh waits for an answer that was asked for after it", async () => {
  let count = 0;
  const { poller } = pollerOf(
    () => new Promise<number>((resolve) => setTimeout(() => resolve(++count), 500)),
  );
  poller.start();
  let seen = 0;
  const refreshed = poller.refresh().then(() => {
    seen = count;
  });
  await vi.advanceTimersByTimeAsync(1500);
  await refreshed;
  expect(seen).toBe(2);
  poller.stop();
});

it("says nothing after it was stopped, and leaves nobody waiting", async () => {
  const { poller, onValue } = pollerOf(
    () => new Promise<number>((resolve) => setTimeout(resolve, 500, 1)),
  );
  poller.start();
  const refreshed = poller.refresh();
  poller.stop();
  await vi.advanceTimersByTimeAsync(1000);
  await refreshed;
  expect(onValue).not.toHaveBeenCalled();
});
