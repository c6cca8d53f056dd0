import type { Near, NearestRequest, VectorSet } from "../meaning/port.ts";

/** Sets of vectors in memory, those asked for last behind. */
export class VectorSets {
  readonly #capacity: number;
  readonly #sets = new Map<string, VectorSet>();
  #numbers = 0;

  /** `capacity`: numbers (vectors × dimensions) kept at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keeps a set in the place of another version of it; those not asked for the longest go where there is no room. */
  keep(set: VectorSet): void {
    this.#remove(set.id);
    if (set.vectors.length > this.#capacity) return;
    this.#sets.set(set.id, set);
    this.#numbers += set.vectors.length;
    for (const id of this.#sets.keys()) {
      if (this.#numbers <= this.#capacity) break;
      this.#remove(id);
    }
  }

  /** Compares with every vector of these sets. */
  nearest({ query, sets, threshold, most }: NearestRequest): { near: Near[]; missing: string[] } {
    const missing: string[] = [];
    const best = new Nearest(most, threshold);
    for (const { id, version } of sets) {
      const set = this.#sets.get(id);
      if (set?.version !== version) {
        missing.push(id);
        continue;
      }
      this.#sets.delete(id);
      this.#sets.set(id, set);
      scan(set, query, best);
    }
    return { near: best.found, missing };
  }

  #remove(id: string): void {
    this.#numbers -= this.#sets.get(id)?.vectors.length ?? 0;
    this.#sets.delete(id);
  }
}

/** The best so far, the best first. */
class Nearest {
  readonly found: Near[] = [];
  readonly #most: number;
  /** What is less near is of no use. */
  least: number;

  constructor(most: number, threshold: number) {
    this.#most = most;
    this.least = threshold;
  }

  add(near: Near): void {
    const { found } = this;
    let at = found.length;
    while (at > 0 && (found[at - 1]?.score ?? 0) < near.score) at--;
    found.splice(at, 0, near);
    if (found.length > this.#most) found.pop();
    if (found.length === this.#most) this.least = found.at(-1)?.score ?? this.least;
  }
}

function scan({ id, keys, vectors }: VectorSet, query: Float32Array, best: Nearest): void {
  const { length } = query;
  // Of another number of dimensions, and so of another model.
  if (vectors.length !== keys.length * length) return;
  for (let row = 0; row < keys.length; row++) {
    const score = product(vectors, row * length, query);
    if (score >= best.least) best.add({ setId: id, key: keys[row] ?? 0, score });
  }
}

/** Four sums at once: a processor does not wait for one to add to it again. */
function product(vectors: Float32Array, from: number, query: Float32Array): number {
  const { length } = query;
  let [a, b, c, d] = [0, 0, 0, 0];
  let index = 0;
  for (; index + 3 < length; index += 4) {
    const at = from + index;
    a += (vectors[at] as number) * (query[index] as number);
    b += (vectors[at + 1] as number) * (query[index + 1] as number);
    c += (vectors[at + 2] as number) * (query[index + 2] as number);
    d += (vectors[at + 3] as number) * (query[index + 3] as number);
  }
  for (; index < length; index++) a += (vectors[from + index] as number) * (query[index] as number);
  return a + b + c + d;
}
