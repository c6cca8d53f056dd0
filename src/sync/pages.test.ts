import { expect, it } from "vitest";
import { endOf, withEnd } from "./pages.ts";

const asked = [{ limit: 1, paginationOpts: { numItems: 2, cursor: null } }];

it("a page keeps its end", () => {
  expect(endOf(asked, '{"page":[],"continueCursor":"e"}')).toBe("e");
  expect(withEnd(asked, "e")).toEqual([
    { limit: 1, paginationOpts: { numItems: 2, cursor: null, endCursor: "e" } },
  ]);
  expect(withEnd(asked, undefined)).toBe(asked);
});

it("an end that is said counts", () => {
  const args = [{ paginationOpts: { numItems: 2, cursor: null, endCursor: "own" } }];
  expect(withEnd(args, "e")).toBe(args);
  expect(endOf(args, '{"continueCursor":"own"}')).toBeUndefined();
  const open = [{ paginationOpts: { endCursor: null } }];
  expect(withEnd(open, "e")).toEqual([{ paginationOpts: { endCursor: "e" } }]);
});

it.each([[[]], [[{}]], [[{ paginationOpts: 1 }]], [[null]], [[{}, {}]], [{}], [null]])(
  "%j asks for no page",
  (args) => {
    expect(withEnd(args, "e")).toBe(args);
    expect(endOf(args, '{"continueCursor":"e"}')).toBeUndefined();
  },
);

it.each(["null", "1", "[]", '{"continueCursor":null}'])("%s is no page", (value) => {
  expect(endOf(asked, value)).toBeUndefined();
});
