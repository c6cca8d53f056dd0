import type { DataKey } from "../db/port.ts";
import type { Commit, Moment, News, Snapshot } from "./commitLog.ts";
import { type Asked, keyOf, type QueryResult, WatchedQuery, type Watcher } from "./watchedQuery.ts";

/**
 * All queries that are watched on this node, and which of them a commit makes stale. Finding those takes as long as there are
 * many, however many others are watched.
 */
export class QueryStore {
  readonly #queries = new Map<string, WatchedQuery>();
  readonly #byKey = new Map<DataKey, Set<WatchedQuery>>();
  /** Commits that a run which is under way may not have seen. */
  #recent: Commit[] = [];
  readonly #runs = new Set<{ readonly since: Snapshot }>();
  #moment: Moment;

  /** @param moment from where on commits are followed. */
  constructor(moment: Moment) {
    this.#moment = moment;
  }

  /** The latest state whose commits have all been applied. */
  get moment(): Moment {
    return this.#moment;
  }

  /** Queries that are watched now. */
  get size(): number {
    return this.#queries.size;
  }

  /** Whether anything watched depends on one of those. */
  concerns(keys: readonly DataKey[]): boolean {
    return keys.some((key) => this.#byKey.has(key));
  }

  watch(asked: Asked, watcher: Watcher): WatchedQuery {
    const known = this.#queries.get(keyOf(asked));
    const query = known ?? new WatchedQuery(asked);
    this.#queries.set(query.key, query);
    query.watchers.add(watcher);
    return query;
  }

  /** The last who leaves takes the query along. */
  unwatch(query: WatchedQuery, watcher: Watcher): void {
    query.watchers.delete(watcher);
    if (query.watchers.size > 0) return;
    if (this.#queries.get(query.key) === query) this.#queries.delete(query.key);
    this.#forget(query);
  }

  /** Notes that somebody reads from the present state on. @returns that state, and what ends it */
  begin(): { since: Snapshot; end: () => void } {
    const run = { since: this.#moment.snapshot };
    this.#runs.add(run);
    return { ...run, end: () => this.#end(run) };
  }

  #end(run: { readonly since: Snapshot }): void {
    this.#runs.delete(run);
    const [oldest] = this.#runs;
    this.#recent =
      oldest === undefined ? [] : this.#recent.filter(({ xid }) => !oldest.since.sees(xid));
  }

  /** What a query gives in a state that is being read from (`begin`), where that is known already. */
  resultIn({ result, stale }: WatchedQuery, snapshot: Snapshot): QueryResult | undefined {
    if (stale || result === undefined) return undefined;
    if (snapshot.includes(result.snapshot)) return result;
    // Another read it a moment later: nothing it depends on has changed in between?
    const differs = this.#recent.some(
      ({ xid, keys }) =>
        !snapshot.sees(xid) &&
        result.snapshot.sees(xid) &&
        keys.some((key) => result.keys.has(key)),
    );
    return differs ? undefined : result;
  }

  /** Makes stale what the commits touch, unless it was read after them; in whatever order, and however often they are told. */
  apply({ moment, commits, now }: News): void {
    for (const commit of commits) {
      for (const query of this.#touchedBy(commit)) {
        if (query.result?.snapshot.sees(commit.xid)) continue;
        this.#makeStale(query, now - commit.at);
      }
    }
    if (this.#runs.size > 0) this.#recent.push(...commits);
    if (moment.snapshot.includes(this.#moment.snapshot)) this.#moment = moment;
  }

  /**
   * Begins anew from a state, for there is no telling what has changed: nothing that was read before counts, not even as older.
   */
  restart(moment: Moment): void {
    this.#moment = moment;
    this.#recent = [];
    for (const query of this.#queries.values()) {
      this.#forget(query);
      query.result = undefined;
      this.#makeStale(query, 0);
    }
  }

  /** Keeps a result unless a newer one is there. */
  keep(query: WatchedQuery, result: QueryResult): void {
    const { result: known } = query;
    if (known && !result.snapshot.includes(known.snapshot)) return;
    this.#forget(query);
    query.result = result;
    query.stale = this.#recent.some(
      ({ xid, keys }) => !result.snapshot.sees(xid) && keys.some((key) => result.keys.has(key)),
    );
    if (!query.stale) query.staleSince = undefined;
    else for (const watcher of query.watchers) watcher.wake();
    if (query.watchers.size === 0) return;
    for (const key of result.keys) {
      const set = this.#byKey.get(key) ?? new Set();
      this.#byKey.set(key, set.add(query));
    }
  }

  #touchedBy({ keys }: Commit): Set<WatchedQuery> {
    return new Set(keys.flatMap((key) => [...(this.#byKey.get(key) ?? [])]));
  }

  #makeStale(query: WatchedQuery, agoMs: number): void {
    query.staleSince ??= performance.now() - Math.max(0, agoMs);
    if (query.stale) return;
    query.stale = true;
    for (const watcher of query.watchers) watcher.wake();
  }

  #forget(query: WatchedQuery): void {
    for (const key of query.result?.keys ?? []) {
      const set = this.#byKey.get(key);
      set?.delete(query);
      if (set?.size === 0) this.#byKey.delete(key);
    }
  }
}
