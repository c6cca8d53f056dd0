import { expect, it } from "vitest";
import { checkItems, withChecked } from "./checkItems.ts";

const text = "# Plan\n- [ ] Ask Ann 😀\n  * [x] Book\n1. [ ] \ntext - [ ] not\n- [y] neither\n";

it("finds the check boxes of Markdown", () => {
  expect(checkItems(text)).toEqual([
    { index: 0, label: "Ask Ann 😀", done: false },
    { index: 1, label: "Book", done: true },
    { index: 2, label: "", done: false },
  ]);
});

it("ticks one, and changes nothing else", () => {
  expect(withChecked(text, 0, true)).toBe(text.replace("[ ] Ask", "[x] Ask"));
  expect(withChecked(text, 1, false)).toBe(text.replace("[x] Book", "[ ] Book"));
  expect(withChecked(text, 2, true)).toBe(text.replace("1. [ ]", "1. [x]"));
  expect(withChecked(text, 3, true)).toBe(text);
});
