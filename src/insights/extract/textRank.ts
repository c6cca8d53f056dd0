import { jaccard } from "./words.ts";

const damping = 0.85;
const rounds = 30;
/** Beyond that a node says what one that was chosen has said. */
const mostAlike = 0.5;
/** How much being unlike what was chosen counts, against rank. */
const diversity = 0.4;

type Edges = readonly (readonly [to: number, weight: number])[];

/**
 * The rank of texts by how much they share with the others (TextRank, Mihalcea & Tarau 2004, with rare words counting more):
 * they sum up to 1. Its cost grows with the square of their number: give at most some hundred.
 */
export function* textRank(texts: readonly ReadonlySet<string>[]): Generator<undefined, number[]> {
  const count = texts.length;
  const edges = yield* linksOf(texts);
  const strength = edges.map((out) => out.reduce((sum, [, weight]) => sum + weight, 0));
  let ranks = texts.map(() => 1 / count);
  for (let round = 0; round < rounds; round++) {
    const next = texts.map(() => (1 - damping) / count);
    edges.forEach((out, from) => {
      const share = (damping * (ranks[from] ?? 0)) / (strength[from] || 1);
      for (const [to, weight] of out) next[to] = (next[to] ?? 0) + share * weight;
    });
    ranks = next;
    yield;
  }
  return ranks;
}

function* linksOf(texts: readonly ReadonlySet<string>[]): Generator<undefined, Edges[]> {
  const uses = new Map<string, number>();
  for (const text of texts) for (const word of text) uses.set(word, (uses.get(word) ?? 0) + 1);
  const edges: [number, number][][] = texts.map(() => []);
  for (const [from, one] of texts.entries()) {
    for (let to = 0; to < from; to++) {
      const weight = likeness(one, texts[to] ?? new Set(), uses, texts.length);
      if (weight === 0) continue;
      edges[from]?.push([to, weight]);
      edges[to]?.push([from, weight]);
    }
    yield;
  }
  return edges;
}

function likeness(
  one: ReadonlySet<string>,
  other: ReadonlySet<string>,
  uses: ReadonlyMap<string, number>,
  count: number,
): number {
  let shared = 0;
  for (const word of one)
    if (other.has(word)) shared += Math.log(1 + count / (uses.get(word) ?? 1));
  return shared === 0 ? 0 : shared / (Math.log(1 + one.size) + Math.log(1 + other.size));
}

/**
 * The numbers of at most so many texts of high rank that do not repeat each other, the highest first. `isIn` says which may be
 * chosen.
 */
export function chooseDiverse(
  texts: readonly ReadonlySet<string>[],
  ranks: readonly number[],
  most: number,
  isIn: (index: number) => boolean = () => true,
): number[] {
  const highest = Math.max(...ranks, Number.MIN_VALUE);
  const chosen: number[] = [];
  const left = new Set([...texts.keys()].filter(isIn));
  const likest = new Map<number, number>();
  while (chosen.length < most) {
    let best: number | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const index of left) {
      const alike = likest.get(index) ?? 0;
      const score = (ranks[index] ?? 0) / highest - diversity * alike;
      if (alike <= mostAlike && score > bestScore) [best, bestScore] = [index, score];
    }
    if (best === undefined) break;
    chosen.push(best);
    left.delete(best);
    for (const index of left) {
      const alike = jaccard(texts[index] ?? new Set(), texts[best] ?? new Set());
      likest.set(index, Math.max(alike, likest.get(index) ?? 0));
    }
  }
  return chosen;
}
