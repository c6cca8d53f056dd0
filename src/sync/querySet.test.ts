import { expect, it } from "vitest";
import { type Moment, Snapshot } from "./commitLog.ts";
import { updated } from "./protocol.ts";
import { QuerySet } from "./querySet.ts";
import { QueryStore } from "./queryStore.ts";
import type { WatchedQuery } from "./watchedQuery.ts";

const anonymous = { kind: "anonymous" } as const;
const moments = [1n, 2n].map((ts): Moment => ({ snapshot: new Snapshot(`${ts}:${ts}:`), ts }));
const [first, second] = moments as [Moment, Moment];

/** A client that watches two queries. */
function watching() {
  const set = new QuerySet(new QueryStore(first), { wake: () => {} });
  const changes = ["a:a", "a:b"].map((udfPath, queryId) => ({
    ...{ type: "Add" as const, queryId, udfPath, args: [{}] },
  }));
  set.modify(changes, anonymous);
  const [one, other] = set.watched() as [WatchedQuery, WatchedQuery];
  const result = (value: string, { snapshot }: Moment, changedAt?: number) => ({
    ...{ report: updated(value), keys: new Set<never>(), snapshot, changedAt },
  });
  return { set, one, other, result };
}

it("tells changes from what a client hears for the first time", () => {
  const { set, one, other, result } = watching();
  const before = set.changes({
    moment: first,
    results: new Map([
      [one, result("1", first)],
      [other, result("2", first)],
    ]),
  });
  expect([before.modifications.length, before.changes.length]).toEqual([2, 0]);
  const after = set.changes({
    moment: second,
    results: new Map([
      [one, result("1", second, 5)],
      [other, result("3", second, 7)],
    ]),
  });
  expect(after).toMatchObject({ changes: [{ isFailure: false, staleSince: 7 }], staleSince: 7 });
  expect(after.modifications).toEqual([expect.stringContaining('"queryId":1')]);
});

it("counts results that were run for another client", () => {
  const { set, one, other, result } = watching();
  const results = new Map([
    [one, result("1", first)],
    [other, result("2", second)],
  ]);
  expect(set.changes({ moment: second, results }).shared).toBe(1);
  expect(set.changes({ moment: second, results }).shared).toBe(0);
});
