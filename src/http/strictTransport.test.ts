import { expect, it } from "vitest";
import { isStrictTransport } from "./strictTransport.ts";

it.each([
  ["https://meet.example.com", true],
  ["https://meet.example.com:8443", true],
  ["http://meet.example.com", false],
  ["https://localhost:3210", false],
  ["https://127.0.0.1:3210", false],
  ["https://192.0.2.7", false],
  ["https://[2001:db8::7]", false],
  [undefined, false],
])("%s may be told to browsers as the only way: %s", (url, strict) => {
  expect(isStrictTransport(url)).toBe(strict);
});
