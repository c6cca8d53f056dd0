/** The lowest of each `width` values in a row; `width - 1` fewer than there are values. */
export function slidingMinimum(values: Float64Array, width: number): Float64Array {
  const count = Math.max(0, values.length - width + 1);
  const lowest = new Float64Array(count);
  // Of blocks as long as the window each window has the end of one and the beginning of the next.
  const toEnd = Float64Array.from(values);
  const fromStart = Float64Array.from(values);
  for (let at = 1; at < values.length; at++)
    if (at % width !== 0) fromStart[at] = Math.min(fromStart[at] ?? 0, fromStart[at - 1] ?? 0);
  for (let at = values.length - 2; at >= 0; at--)
    if (at % width !== width - 1) toEnd[at] = Math.min(toEnd[at] ?? 0, toEnd[at + 1] ?? 0);
  for (let at = 0; at < count; at++)
    lowest[at] = Math.min(toEnd[at] ?? 0, fromStart[at + width - 1] ?? 0);
  return lowest;
}

/** The sum of each `width` values in a row; exact, and so the same wherever it begins, for whole numbers. */
export function slidingSum(values: Float64Array, width: number): Float64Array {
  const count = Math.max(0, values.length - width + 1);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    sum += values[at] ?? 0;
    if (at >= width) sum -= values[at - width] ?? 0;
    if (at >= width - 1) sums[at - width + 1] = sum;
  }
  return sums;
}
