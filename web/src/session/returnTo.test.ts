import { expect, it } from "vitest";
import { safeReturnTo } from "./returnTo.ts";

it.each([
  ["/", "/"],
  ["/m/abc?x=1#y", "/m/abc?x=1#y"],
  ["/a/../b", "/b"],
])("the way back may be %s", (wanted, way) => {
  expect(safeReturnTo(wanted)).toBe(way);
});

it.each([
  null,
  "",
  "a",
  "https://evil.test",
  "//evil.test",
  "/\\evil.test",
  "\\\\evil.test",
  "/\t/evil.test",
  "/.//evil.test",
  "/x/..//evil.test",
  "/%2e//evil.test",
  "javascript:alert(1)",
  `/${"x".repeat(3000)}`,
])("the way back is never %j", (wanted) => {
  expect(safeReturnTo(wanted)).toBeUndefined();
});
