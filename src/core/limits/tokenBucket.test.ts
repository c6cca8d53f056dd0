import { expect, test } from "vitest";
import { TokenBucket } from "./tokenBucket.ts";

test("allows a burst, then the rate", () => {
  const bucket = new TokenBucket(10, 5);
  const taken = (now: number) => [1, 2, 3, 4, 5, 6, 7].filter(() => bucket.take(1, now)).length;
  expect(taken(0)).toBe(5);
  expect(taken(100)).toBe(1);
  expect(taken(10_000)).toBe(5);
});

test("a clock that goes back earns nothing", () => {
  const bucket = new TokenBucket(10, 1);
  expect(bucket.take(1, 1000)).toBe(true);
  expect(bucket.take(1, 0)).toBe(false);
  expect(bucket.take(1, 1000)).toBe(false);
  expect(bucket.take(1, 1100)).toBe(true);
});

test("what is refused is not taken", () => {
  const bucket = new TokenBucket(1, 5);
  expect(bucket.take(6, 0)).toBe(false);
  expect(bucket.take(5, 0)).toBe(true);
});
