import { expect, test } from "vitest";
import { RangeMaximum } from "./rangeMaximum.ts";

test("finds what looking at all of them finds", () => {
  for (const count of [0, 1, 2, 3, 7, 8, 9, 64, 100]) {
    const values = Array.from({ length: count }, (_, i) => ({
      at: (i * 37) % 50,
      value: (i * 7919) % 101,
    }));
    const found = new RangeMaximum(values);
    for (let from = -1; from < 52; from += 3)
      for (let to = from - 1; to < 52; to += 5) {
        const inside = values.filter(({ at }) => at >= from && at <= to).map(({ value }) => value);
        const expected = inside.length === 0 ? undefined : Math.max(...inside);
        expect(found.between(from, to), `${count}: ${from} to ${to}`).toBe(expected);
      }
  }
});
