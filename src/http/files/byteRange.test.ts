import { expect, it } from "vitest";
import { parseRange } from "./byteRange.ts";

it.each([
  [undefined, { kind: "whole" }],
  ["bytes=0-3", { kind: "part", start: 0, end: 3 }],
  ["bytes=4-", { kind: "part", start: 4, end: 9 }],
  ["bytes=-3", { kind: "part", start: 7, end: 9 }],
  ["bytes=-30", { kind: "part", start: 0, end: 9 }],
  ["bytes=8-99", { kind: "part", start: 8, end: 9 }],
  ["bytes=10-", { kind: "unsatisfiable" }],
  ["bytes=-0", { kind: "unsatisfiable" }],
  ["bytes=5-4", { kind: "whole" }],
  ["bytes=0-1,4-5", { kind: "whole" }],
  ["bytes=-", { kind: "whole" }],
  ["items=0-3", { kind: "whole" }],
  ["bytes=a-b", { kind: "whole" }],
] as const)("%s of 10 bytes is %j", (header, expected) => {
  expect(parseRange(header, 10)).toEqual(expected);
});

it("nothing of an empty file can be satisfied", () => {
  expect(parseRange("bytes=0-", 0)).toEqual({ kind: "unsatisfiable" });
});
