import { beforeEach, expect, it } from "vitest";
import { CallRates } from "./callRates.ts";

let now: number;
let rates: CallRates;
beforeEach(() => {
  now = 1_000_000;
  rates = new CallRates(() => now);
});

const admitted = (caller: string, calls: number) =>
  Array.from({ length: calls }, () => rates.take(caller, 60)).filter((wait) => wait === undefined)
    .length;

it("admits a minute's calls at once, then one a second, and tells how long to wait", () => {
  expect(admitted("alice", 860)).toBe(60);
  expect(rates.take("alice", 60)).toBe(1000);
  now += 1000;
  expect(admitted("alice", 10)).toBe(1);
  now += 3_600_000;
  expect(admitted("alice", 100)).toBe(60);
});

it("counts each caller by itself", () => {
  admitted("alice", 100);
  expect(admitted("bob", 100)).toBe(60);
});

it("gives nothing for a clock that is set back", () => {
  admitted("alice", 60);
  now -= 3_600_000;
  expect(admitted("alice", 10)).toBe(0);
  now += 1000;
  expect(admitted("alice", 10)).toBe(1);
});

it("forgets those who have not called for longest", () => {
  admitted("alice", 60);
  for (let i = 0; i < 20_000; i++) rates.take(`stranger ${i}`, 60);
  expect(rates.take("stranger 19999", 60)).toBeUndefined();
  expect(admitted("alice", 60)).toBe(60);
});
