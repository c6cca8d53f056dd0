import { expect, it } from "vitest";
import { Snapshot } from "./commitLog.ts";

it("sees what had been committed when it was taken", () => {
  const snapshot = new Snapshot("10:20:10,15");
  expect([9n, 11n, 19n].map((xid) => snapshot.sees(xid))).toEqual([true, true, true]);
  expect([10n, 15n, 20n, 99n].map((xid) => snapshot.sees(xid))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it("reads a snapshot during which nothing ran", () => {
  const snapshot = new Snapshot("20:20:");
  expect(snapshot.sees(19n)).toBe(true);
  expect(snapshot.sees(20n)).toBe(false);
});

it("includes every earlier snapshot and no later one", () => {
  const inOrder = ["10:12:10", "10:20:10,15", "15:20:15", "20:20:", "25:25:"].map(
    (text) => new Snapshot(text),
  );
  for (const [index, one] of inOrder.entries()) {
    for (const [other, earlier] of inOrder.entries())
      expect(one.includes(earlier), `${one.text} ${earlier.text}`).toBe(other <= index);
  }
});
