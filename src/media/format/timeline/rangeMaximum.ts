import { countBefore, countUntil } from "../../../core/sortedSearch.ts";

/** The greatest of values that lie at points, between any two points, without looking at all of them. */
export class RangeMaximum {
  #points: number[];
  /** `#rows[n][i]`: the greatest of the 2ⁿ values from the i-th on. */
  #rows: number[][];

  constructor(values: readonly { at: number; value: number }[]) {
    const sorted = [...values].sort((a, b) => a.at - b.at);
    this.#points = sorted.map(({ at }) => at);
    let row = sorted.map(({ value }) => value);
    this.#rows = [row];
    for (let width = 1; width * 2 <= sorted.length; width *= 2) {
      const below = row;
      row = below
        .slice(0, below.length - width)
        .map((value, i) => Math.max(value, below[i + width] ?? value));
      this.#rows.push(row);
    }
  }

  /** Of the values at `from` to `to`, both included; undefined where there is none. */
  between(from: number, to: number): number | undefined {
    const first = countBefore(this.#points, from, (at) => at);
    const end = countUntil(this.#points, to, (at) => at);
    if (end <= first) return undefined;
    const power = Math.floor(Math.log2(end - first));
    const row = this.#rows[power] ?? [];
    const left = row[first] ?? Number.NEGATIVE_INFINITY;
    return Math.max(left, row[end - 2 ** power] ?? left);
  }
}
