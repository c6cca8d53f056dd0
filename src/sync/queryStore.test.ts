import { expect, it, vi } from "vitest";
import type { DataKey } from "../db/port.ts";
import { type Moment, Snapshot } from "./commitLog.ts";
import { updated } from "./protocol.ts";
import { QueryStore } from "./queryStore.ts";
import type { WatchedQuery } from "./watchedQuery.ts";

const anonymous = { kind: "anonymous" } as const;
const state = (text: string, ts: bigint): Moment => ({ snapshot: new Snapshot(text), ts });
const commit = (xid: bigint, ...keys: DataKey[]) => ({ xid, keys, at: 0 });

/** A store at transaction 10 with one query that depends on meeting a. */
function watched() {
  const store = new QueryStore(state("10:10:", 1n));
  const watcher = { wake: vi.fn() };
  const query = store.watch({ name: "a:b", argsText: "[{}]", identity: anonymous }, watcher);
  keep(store, query, "10:10:");
  return { store, watcher, query };
}

function keep(store: QueryStore, query: WatchedQuery, snapshot: string, value = "1") {
  store.keep(query, {
    report: updated(value),
    keys: new Set<DataKey>(["meeting:a"]),
    snapshot: new Snapshot(snapshot),
    changedAt: undefined,
  });
}

it("makes stale what a commit touches, and tells who watches it", () => {
  const { store, watcher, query } = watched();
  expect(query.stale).toBe(false);
  store.apply({ moment: state("11:11:", 2n), commits: [commit(10n, "meeting:a")], now: 0 });
  expect(query.stale).toBe(true);
  expect(watcher.wake).toHaveBeenCalledOnce();
});

it("leaves alone what a commit does not touch", () => {
  const { store, watcher, query } = watched();
  store.apply({ moment: state("11:11:", 2n), commits: [commit(10n, "meeting:b")], now: 0 });
  expect(query.stale).toBe(false);
  expect(watcher.wake).not.toHaveBeenCalled();
});

it("leaves alone what was read after the commit, however late that is told", () => {
  const { store, query } = watched();
  keep(store, query, "12:12:");
  store.apply({ moment: state("12:12:", 2n), commits: [commit(10n, "meeting:a")], now: 0 });
  expect(query.stale).toBe(false);
});

it("finds a commit out that was told while the query was being run", () => {
  const { store, watcher, query } = watched();
  store.apply({ moment: state("11:11:", 2n), commits: [commit(10n, "meeting:a")], now: 0 });
  const { end } = store.begin();
  store.apply({ moment: state("12:12:", 3n), commits: [commit(11n, "meeting:a")], now: 0 });
  watcher.wake.mockClear();
  keep(store, query, "11:11:");
  expect(query.stale).toBe(true);
  expect(watcher.wake).toHaveBeenCalled();
  end();
});

it("sees a transaction that had an earlier number and was committed later", () => {
  const store = new QueryStore(state("10:20:10", 1n));
  const query = store.watch(
    { name: "a:b", argsText: "[{}]", identity: anonymous },
    { wake: vi.fn() },
  );
  keep(store, query, "10:20:10");
  store.apply({ moment: state("20:20:", 2n), commits: [commit(10n, "meeting:a")], now: 0 });
  expect(query.stale).toBe(true);
});

it("keeps the newer of two results", () => {
  const { store, query } = watched();
  keep(store, query, "12:12:", "new");
  keep(store, query, "11:11:", "old");
  expect(query.result?.report.members).toContain("new");
});

it("shares a query among who asks alike, and with nobody else", () => {
  const store = new QueryStore(state("10:10:", 1n));
  const [one, two] = [{ wake: vi.fn() }, { wake: vi.fn() }];
  const query = store.watch({ name: "a:b", argsText: "[{}]", identity: anonymous }, one);
  expect(store.watch({ name: "a:b", argsText: "[{}]", identity: anonymous }, two)).toBe(query);
  expect(store.watch({ name: "a:b", argsText: "[{}]", identity: { kind: "admin" } }, two)).not.toBe(
    query,
  );
  const user = { kind: "user", issuer: "i", subject: "s" } as const;
  expect(store.watch({ name: "a:b", argsText: "[{}]", identity: user }, two)).not.toBe(
    store.watch({ name: "a:b", argsText: "[{}]", identity: { ...user, orgId: "o" } }, two),
  );
});

it("forgets a query when the last who watched it has left", () => {
  const { store, watcher, query } = watched();
  store.unwatch(query, watcher);
  expect(store.size).toBe(0);
  expect(store.concerns(["meeting:a"])).toBe(false);
});

it("begins anew after the database has gone back to an older state", () => {
  const { store, watcher, query } = watched();
  keep(store, query, "20:20:", "of what is undone");
  store.restart(state("12:12:", 3n));
  expect([query.stale, store.resultIn(query, new Snapshot("12:12:"))]).toEqual([true, undefined]);
  expect(watcher.wake).toHaveBeenCalled();
  keep(store, query, "12:12:", "now");
  expect(query.stale).toBe(false);
  expect(query.result?.report.members).toContain("now");
});
