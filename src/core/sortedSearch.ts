/** How many of an ascending list lie before a value: the index of the first that does not. */
export function countBefore<T>(
  sorted: readonly T[],
  value: number,
  positionOf: (item: T) => number,
): number {
  return countWhile(sorted, (item) => positionOf(item) < value);
}

/** How many of an ascending list are not beyond a value: the index of the first that is. */
export function countUntil<T>(
  sorted: readonly T[],
  value: number,
  positionOf: (item: T) => number,
): number {
  return countWhile(sorted, (item) => positionOf(item) <= value);
}

function countWhile<T>(sorted: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
