import { expect, it } from "vitest";
import { type Moment, Snapshot } from "./commitLog.ts";
import { updated } from "./protocol.ts";
import { QuerySet } from "./querySet.ts";
import { QueryStore } from "./queryStore.ts";
import { WatchedQuery } from "./watchedQuery.ts";

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
  const result = (value: string, { snapshot }: Moment) => ({
    ...{ report: updated(value), keys: new Set<never>(), snapshot, changedAt: undefined },
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
  expect([before.modifications.length, before.updated.length]).toEqual([2, 0]);
  const after = set.changes({
    moment: second,
    results: new Map([
      [one, result("1", second)],
      [other, result("3", second)],
    ]),
  });
  expect(after.modifications).toHaveLength(1);
  expect(after.updated).toMatchObject([{ query: { name: "a:b" } }]);
});

it("counts results that were run for another client", () => {
  const { set, one, other, result } = watching();
  const results = new Map([
    [one, result("1", first)],
    [other, result("2", first)],
  ]);
  expect(set.changes({ moment: second, results }).shared).toBe(2);
  expect(set.changes({ moment: second, results }).shared).toBe(0);
});

it.each([
  ['[{"subscriptionId":"window","meetingId":"m"}]', "window"],
  ['[{"meetingId":"m"}]', undefined],
  ['[{"subscriptionId":1}]', undefined],
  ['["subscriptionId"]', undefined],
  ['[{"text":"\\"subscriptionId\\""}]', undefined],
  ['[null,"subscriptionId"]', undefined],
  ["[]", undefined],
])("finds in %s the name of a subscription: %s", (argsText, name) => {
  expect(new WatchedQuery("a:a", argsText, anonymous).subscriptionId).toBe(name);
});
