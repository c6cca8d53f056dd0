import { expect, test } from "vitest";
import { SlotBook } from "./slotBook.ts";

test("everybody has a slot of their own, as long as there are any", () => {
  const book = new SlotBook(2);
  expect(["ann", "bob", "cem"].map((who) => book.take(who))).toEqual([0, 1, undefined]);
  expect(book.take("ann")).toBe(0);
  expect(book.slotOf("cem")).toBeUndefined();
});

test("whoever comes back has their old slot, unless it was needed", () => {
  const book = new SlotBook(3);
  for (const who of ["ann", "bob"]) book.take(who);
  book.release("ann");
  expect(book.take("cem")).toBe(2);
  expect(book.take("ann")).toBe(0);
  book.release("ann");
  expect(book.take("dan")).toBe(0);
  expect(book.take("ann")).toBeUndefined();
});

test("of the free slots the one longest free is taken", () => {
  const book = new SlotBook(2);
  for (const who of ["ann", "bob"]) book.take(who);
  for (const who of ["bob", "ann"]) book.release(who);
  expect(book.take("cem")).toBe(1);
});
