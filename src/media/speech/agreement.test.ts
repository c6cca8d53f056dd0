import { expect, it } from "vitest";
import { agreement } from "./agreement.ts";

it.each([
  ["Ask not what your country can do.", "ask not, what your country can do", 1],
  ["one two three four", "one two free four", 0.75],
  ["one two three four", "one three four", 0.75],
  ["the harbour was lost", "a hobby worth less still", 0],
  ["yes", "", 0],
  ["Größe", "größe", 1],
])("%j and %j agree by %d", (one, other, expected) => {
  expect(agreement(one, other)).toBeCloseTo(expected);
  expect(agreement(other, one)).toBeCloseTo(expected);
});
