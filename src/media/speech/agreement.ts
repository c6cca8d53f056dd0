const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];

/**
 * How much two readings of the same sound agree, 0..1: 1 less the edit distance of their words over the length of the longer. The
 * model says nothing of how sure it is; of a language it does not know it makes up English, and another each time.
 */
export function agreement(one: string, other: string): number {
  const a = wordsOf(one);
  const b = wordsOf(other);
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, word] of a.entries()) {
    const next = [index + 1];
    for (let at = 1; at <= b.length; at++) {
      const changed = (row[at - 1] ?? 0) + (word === b[at - 1] ? 0 : 1);
      next.push(Math.min((row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1, changed));
    }
    row = next;
  }
  return Math.max(0, 1 - (row[b.length] ?? 0) / Math.max(a.length, b.length, 1));
}
