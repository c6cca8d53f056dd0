import fc from "fast-check";
import { expect, it } from "vitest";
import {
  applyChange,
  applyOperations,
  changeBetween,
  operationsOf,
  selectionAfter,
} from "./textChange.ts";

const characters = fc.constantFrom("a", "b", "\n", "字", "😀", "😁", "👩‍👩‍👧");
const texts = fc.array(characters, { maxLength: 12 }).map((all) => all.join(""));

it("makes one text of another by operations that cut no character in two", () => {
  fc.assert(
    fc.property(texts, texts, (from, to) => {
      const change = changeBetween(from, to);
      expect(applyChange(from, change)).toBe(to);
      let text = from;
      for (const operation of operationsOf(change)) {
        text = applyOperations(text, [operation]);
        expect(text).not.toMatch(/\p{Surrogate}/u);
      }
      expect(text).toBe(to);
    }),
    { numRuns: 2000 },
  );
});

it("leaves what stays the same alone", () => {
  const change = changeBetween("one two three", "one 2 three!");
  expect(operationsOf(change)).toHaveLength(3);
  // In front of "three", and there it stays.
  expect(selectionAfter([8, 13], change)).toEqual([6, 11]);
});

it("leaves an emoji alone beside one that is like it", () => {
  expect(operationsOf(changeBetween("a😀b", "a😁😀b!"))).toEqual([
    { type: "insert", position: 1, content: "😁" },
    { type: "insert", position: 6, content: "!" },
  ]);
});
