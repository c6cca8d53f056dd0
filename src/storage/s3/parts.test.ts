import { expect, it } from "vitest";
import { planParts } from "./parts.ts";

const mebibyte = 1 << 20;

it.each([
  [1, 16 * mebibyte, [1]],
  [32 * mebibyte, 16 * mebibyte, [16 * mebibyte, 16 * mebibyte]],
  [32 * mebibyte + 1, 16 * mebibyte, [16 * mebibyte, 16 * mebibyte, 1]],
])("cuts %i bytes into parts of %i at most", (sizeBytes, partBytes, sizes) => {
  const parts = planParts(sizeBytes, partBytes);
  expect(parts.map((part) => part.sizeBytes)).toEqual(sizes);
  expect(parts.map((part) => part.number)).toEqual(sizes.map((_, index) => index + 1));
});

it("leaves nothing out and needs no more than 10,000 parts, however long the file is", () => {
  for (const sizeBytes of [10_000 * 16 * mebibyte, 10_000 * 16 * mebibyte + 1, 5 * 2 ** 40]) {
    const parts = planParts(sizeBytes, 16 * mebibyte);
    expect(parts.length).toBeLessThanOrEqual(10_000);
    const ends = parts.map((part) => part.start + part.sizeBytes);
    expect(parts.map((part) => part.start)).toEqual([0, ...ends.slice(0, -1)]);
    expect(ends.at(-1)).toBe(sizeBytes);
    expect((parts[0]?.sizeBytes ?? 0) % mebibyte).toBe(0);
  }
});
