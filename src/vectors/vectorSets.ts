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
  const offer = (row: number, score: number) => {
    if (score >= best.least) best.add({ setId: id, key: keys[row] ?? 0, score });
  };
  const fours = keys.length - (keys.length % 4);
  for (let row = 0; row < fours; row += 4) {
    fourProducts(vectors, row * length, query);
    for (let index = 0; index < 4; index++) offer(row + index, four[index] as number);
  }
  for (let row = fours; row < keys.length; row++) offer(row, product(vectors, row * length, query));
}

const four = new Float64Array(4);

/** Of four vectors that follow each other, into `four`: each number of the query is read once, and no sum waits for itself. */
function fourProducts(vectors: Float32Array, from: number, query: Float32Array): void {
  const { length } = query;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let index = 0, at = from; index < length; index++, at++) {
    const number = query[index] as number;
    a += (vectors[at] as number) * number;
    b += (vectors[at + length] as number) * number;
    c += (vectors[at + 2 * length] as number) * number;
    d += (vectors[at + 3 * length] as number) * number;
  }
  four[0] = a;
  four[1] = b;
  four[2] = c;
  four[3] = d;
}

function product(vectors: Float32Array, from: number, query: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < query.length; index++)
    sum += (vectors[from + index] as number) * (query[index] as number);
  return sum;
}
