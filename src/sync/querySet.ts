import type { Identity } from "../auth/identity.ts";
import { nameOf } from "./calls.ts";
import type { Change } from "./connectionPorts.ts";
import { modification, type QueryChange, removal } from "./protocol.ts";
import type { View } from "./queryRunner.ts";
import type { QueryStore } from "./queryStore.ts";
import type { Asked, QueryResult, WatchedQuery, Watcher } from "./watchedQuery.ts";

/** What a client says of its queries makes no sense; without a code it is told why and never comes back. */
export class QuerySetError extends Error {
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.name = "QuerySetError";
    this.code = code;
  }
}

interface Subscription {
  query: WatchedQuery;
  /** As the client said (pages.ts). */
  readonly end: string | undefined;
  /** The members of what the client has been told last. */
  told: string | undefined;
}

interface Changes {
  readonly modifications: string[];
  /** Queries that give something else than the client was told before. */
  readonly changes: Change[];
  /** When the oldest of those changes was committed, by `performance.now()`. */
  readonly staleSince: number | undefined;
  /** How many of the results were not run for this view. */
  readonly shared: number;
}

/** Queries one client may watch; a page needs a few dozen. */
const mostQueries = 1_000;
/** All their arguments together, bytes of JSON. */
const mostArgsBytes = 2 * 1024 * 1024;

/** The queries that one client watches, and what it has been told of them. */
export class QuerySet {
  readonly #store: QueryStore;
  readonly #watcher: Watcher;
  readonly #subscriptions = new Map<number, Subscription>();
  /** Several subscriptions of a client may be to one query. */
  readonly #uses = new Map<WatchedQuery, number>();
  #argsBytes = 0;
  #removed: number[] = [];

  constructor(store: QueryStore, watcher: Watcher) {
    this.#store = store;
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** @throws QuerySetError; what came before the bad change is done */
  modify(changes: readonly QueryChange[], identity: Identity): void {
    for (const change of changes) {
      if (change.type === "Remove") this.#remove(change.queryId);
      else this.#add(change, identity);
    }
  }

  /** Another caller: every query is another one. */
  identify(identity: Identity): void {
    for (const subscription of this.#subscriptions.values()) {
      const { name, argsText } = subscription.query;
      const end = isSamePerson(subscription.query.identity, identity)
        ? subscription.query.end
        : subscription.end;
      const query = this.#watch({ name, argsText, identity, end });
      this.#unwatch(subscription.query);
      subscription.query = query;
    }
  }

  watched(): WatchedQuery[] {
    return [...this.#uses.keys()];
  }

  /** What of a view the client has not been told, as modifications of a Transition; it counts as told from now on. */
  changes({ moment, results }: View): Changes {
    const modifications = this.#removed.map(removal);
    this.#removed = [];
    const changes: Change[] = [];
    let shared = 0;
    for (const [queryId, subscription] of this.#subscriptions) {
      const { query, told } = subscription;
      const result = results.get(query);
      if (result === undefined || result.report.members === told) continue;
      modifications.push(modification(queryId, result.report));
      if (result.snapshot !== moment.snapshot) shared += 1;
      if (told !== undefined) changes.push(changeOf(query, result));
      subscription.told = result.report.members;
    }
    const times = changes.flatMap(({ staleSince }) => staleSince ?? []);
    const staleSince = times.length > 0 ? Math.min(...times) : undefined;
    return { modifications, changes, staleSince, shared };
  }

  clear(): void {
    for (const query of this.#uses.keys()) this.#store.unwatch(query, this.#watcher);
    this.#uses.clear();
    this.#subscriptions.clear();
  }

  #add(
    { queryId, udfPath, args, componentPath, journal }: Extract<QueryChange, { type: "Add" }>,
    identity: Identity,
  ): void {
    if (this.#subscriptions.has(queryId)) throw new QuerySetError("DuplicateQueryId", 1011);
    const named = nameOf({ udfPath, componentPath });
    if ("problem" in named) throw new QuerySetError(named.problem);
    const argsText = JSON.stringify(args);
    this.#argsBytes += Buffer.byteLength(argsText);
    if (this.#subscriptions.size >= mostQueries || this.#argsBytes > mostArgsBytes)
      throw new QuerySetError("TooManyQueries", 1013);
    const end = journal ?? undefined;
    const query = this.#watch({ name: named.name, argsText, identity, end });
    this.#subscriptions.set(queryId, { query, end, told: undefined });
  }

  #remove(queryId: number): void {
    const subscription = this.#subscriptions.get(queryId);
    if (subscription === undefined) throw new QuerySetError("UnknownQueryId", 1011);
    this.#subscriptions.delete(queryId);
    this.#argsBytes -= Buffer.byteLength(subscription.query.argsText);
    this.#unwatch(subscription.query);
    if (subscription.told !== undefined) this.#removed.push(queryId);
  }

  #watch(asked: Asked): WatchedQuery {
    const query = this.#store.watch(asked, this.#watcher);
    this.#uses.set(query, (this.#uses.get(query) ?? 0) + 1);
    return query;
  }

  #unwatch(query: WatchedQuery): void {
    const uses = (this.#uses.get(query) ?? 0) - 1;
    if (uses > 0) {
      this.#uses.set(query, uses);
      return;
    }
    this.#uses.delete(query);
    this.#store.unwatch(query, this.#watcher);
  }
}

/** With another token, for instance: the pages of a list stay where they are. */
function isSamePerson(one: Identity, other: Identity): boolean {
  if (one.kind !== "user" || other.kind !== "user") return false;
  return one.issuer === other.issuer && one.subject === other.subject;
}

function changeOf({ name, argsText, identity }: WatchedQuery, result: QueryResult): Change {
  const isFailure = result.report.type === "QueryFailed";
  return { name, argsText, identity, isFailure, staleSince: result.changedAt };
}
