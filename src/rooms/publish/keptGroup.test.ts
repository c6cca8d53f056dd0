import { beforeEach, expect, test } from "vitest";
import type { TimedFrame } from "../codecs/frames.ts";
import { GroupBudget, KeptGroup } from "./keptGroup.ts";

const frame = (key: boolean, bytes: number, arrivedAt = 0): TimedFrame => ({
  data: Buffer.alloc(bytes),
  ...{ key, arrivedAt, timestamp: 0, rtp: 0 },
});
const mebibyte = 1024 * 1024;

let budget: GroupBudget;
let group: KeptGroup;
beforeEach(() => {
  budget = new GroupBudget(20 * mebibyte);
  group = new KeptGroup({ budget, owner: "ann" });
});

test("a group begins with a keyframe and ends with the next one", () => {
  group.add(frame(false, 10));
  expect(group.frames).toEqual([]);
  for (const key of [true, false, false, true, false]) group.add(frame(key, 10));
  expect(group.frames.map(({ key }) => key)).toEqual([true, false]);
});

test.each([
  ["bytes", () => frame(false, mebibyte), 7],
  ["frames", () => frame(false, 1), 4001],
])("a group of too many %s is not kept, and the next one is", (_, next, count) => {
  group.add(frame(true, 10));
  for (let i = 0; i < count; i++) group.add(next());
  expect(group.frames).toEqual([]);
  expect(budget.bytes).toBe(0);
  group.add(frame(true, 10));
  expect(group.frames).toHaveLength(1);
});

test("a group of long ago is forgotten", () => {
  group.add(frame(true, 10, 1000));
  group.expire(31_000);
  expect(group.frames).toHaveLength(1);
  group.expire(31_001);
  expect(budget.bytes).toBe(0);
});

test("of all groups the largest gives way when they are too much together", () => {
  const others = Array.from({ length: 4 }, () => new KeptGroup({ budget, owner: "ann" }));
  group.add(frame(true, 10));
  for (const [i, other] of others.entries()) {
    other.add(frame(true, 10));
    for (let part = 0; part < 3 + i; part++) other.add(frame(false, mebibyte - 1000));
  }
  expect(budget.bytes).toBeLessThanOrEqual(20 * mebibyte);
  expect(group.frames).toHaveLength(1);
  expect(others.map(({ frames }) => frames.length)).toEqual([4, 5, 6, 7]);
  group.add(frame(false, 5 * mebibyte));
  expect(others.map(({ frames }) => frames.length)).toEqual([4, 5, 6, 0]);
  for (const one of [group, ...others]) one.clear();
  expect(budget.bytes).toBe(0);
});

test("of all that is kept, whoever has most gives way, not whoever has the largest picture", () => {
  const bob = new KeptGroup({ budget, owner: "bob" });
  const ofAnn = Array.from({ length: 8 }, () => new KeptGroup({ budget, owner: "ann" }));
  bob.add(frame(true, 5 * mebibyte));
  for (const one of ofAnn) one.add(frame(true, 3 * mebibyte));
  expect(bob.frames).toHaveLength(1);
  expect(budget.bytes).toBeLessThanOrEqual(20 * mebibyte);
});
