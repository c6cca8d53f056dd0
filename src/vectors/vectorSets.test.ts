import { expect, it } from "vitest";
import type { VectorSet } from "../meaning/port.ts";
import { VectorSets } from "./vectorSets.ts";

/** A set of `rows` vectors of two dimensions, all of that direction. */
function setOf(id: string, rows: number, [x, y] = [1, 0], version = 1): VectorSet {
  const keys = Int32Array.from({ length: rows }, (_, row) => row + 1);
  const vectors = Float32Array.from({ length: rows * 2 }, (_, at) => (at % 2 === 0 ? x : y));
  return { id, version, keys, vectors };
}

const query = Float32Array.from([1, 0]);
const ask = (sets: VectorSets, ids: readonly string[], more: object = {}) =>
  sets.nearest({
    ...{ query, threshold: 0.5, most: 10, ...more },
    sets: ids.map((id) => ({ id, version: 1 })),
  });
/** Which of these are kept. They have been asked for then, in that order. */
const kept = (sets: VectorSets, ids: readonly string[]) => {
  const { missing } = ask(sets, ids);
  return ids.filter((id) => !missing.includes(id));
};

it("lets those go that were kept first, once there is no room", () => {
  const sets = new VectorSets(8);
  for (const id of ["a", "b", "c"]) sets.keep(setOf(id, 2));
  expect(kept(sets, ["a", "b", "c"])).toEqual(["b", "c"]);
});

it("keeps what was asked for last", () => {
  const sets = new VectorSets(8);
  for (const id of ["a", "b"]) sets.keep(setOf(id, 2));
  ask(sets, ["a"]);
  sets.keep(setOf("c", 2));
  expect(kept(sets, ["a", "b", "c"])).toEqual(["a", "c"]);
});

it("is not put in another order by a version that it has not", () => {
  const sets = new VectorSets(8);
  for (const id of ["a", "b"]) sets.keep(setOf(id, 2));
  const old = { query, threshold: 0, most: 1, sets: [{ id: "a", version: 2 }] };
  expect(sets.nearest(old)).toEqual({ near: [], missing: ["a"] });
  sets.keep(setOf("c", 2));
  expect(kept(sets, ["a", "b", "c"])).toEqual(["b", "c"]);
});

it("lets as many go as one needs, and fills its capacity to the last number", () => {
  const sets = new VectorSets(12);
  for (const id of ["a", "b", "c"]) sets.keep(setOf(id, 2));
  expect(kept(sets, ["a", "b", "c"])).toEqual(["a", "b", "c"]);
  sets.keep(setOf("d", 4));
  expect(kept(sets, ["a", "b", "c", "d"])).toEqual(["c", "d"]);
});

it("does not let others go for one that is larger than all its room", () => {
  const sets = new VectorSets(8);
  sets.keep(setOf("a", 2));
  sets.keep(setOf("large", 5));
  expect(kept(sets, ["a", "large"])).toEqual(["a"]);
});

it("keeps the newest version, and no other in its place where that is too large", () => {
  const sets = new VectorSets(8);
  sets.keep(setOf("a", 2));
  sets.keep(setOf("a", 3, [0, 1]));
  expect(ask(sets, ["a"])).toEqual({ near: [], missing: [] });
  // Its room was given back: two more have place beside it.
  sets.keep(setOf("b", 1));
  expect(kept(sets, ["a", "b"])).toEqual(["a", "b"]);
  sets.keep(setOf("a", 5, [1, 0], 2));
  expect(kept(sets, ["a", "b"])).toEqual(["b"]);
});

it("never holds more than its capacity, whatever comes in what order", () => {
  const capacity = 60;
  const sets = new VectorSets(capacity);
  const rowsOf = new Map<string, number>();
  const ids = ["a", "b", "c", "d", "e", "f"];
  for (let step = 0; step < 500; step++) {
    const id = ids[(step * 7) % ids.length] ?? "a";
    const rows = ((step * 13) % 17) + 1;
    sets.keep(setOf(id, rows));
    rowsOf.set(id, rows);
    const numbers = kept(sets, ids).reduce((sum, one) => sum + (rowsOf.get(one) ?? 0) * 2, 0);
    expect(numbers).toBeLessThanOrEqual(capacity);
    expect(kept(sets, [id])).toEqual([id]);
  }
});

it("names the nearest of all sets, the best first, from the threshold on", () => {
  const sets = new VectorSets(100);
  sets.keep(setOf("same", 2));
  sets.keep(setOf("near", 3, [0.8, 0.6]));
  sets.keep(setOf("far", 3, [0, 1]));
  const { near } = ask(sets, ["far", "near", "same"], { most: 3 });
  expect(near.map(({ setId, score }) => [setId, Math.round(score * 10) / 10])).toEqual([
    ["same", 1],
    ["same", 1],
    ["near", 0.8],
  ]);
});

it("does not compare what has other dimensions", () => {
  const sets = new VectorSets(100);
  sets.keep(setOf("a", 2));
  expect(ask(sets, ["a"], { query: Float32Array.from([1, 0, 0]) })).toEqual({
    ...{ near: [], missing: [] },
  });
});
