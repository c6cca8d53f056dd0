import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const waits = { firstMs: 100, mostMs: 4000 };

test("waits double up to the longest", () => {
  expect([1, 2, 3, 6, 7, 50].map((failures) => backoffMs(waits, failures))).toEqual([
    100, 200, 400, 3200, 4000, 4000,
  ]);
});

test("leave their upper half to chance", () => {
  expect([0, 0.5].map((random) => backoffMs(waits, 1, random))).toEqual([50, 75]);
});
