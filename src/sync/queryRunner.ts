import pLimit, { type LimitFunction } from "p-limit";
import type { Identity } from "../auth/identity.ts";
import type { Log } from "../core/log.ts";
import type { Database, DataKey, ReadTx, SqlValue, Statement } from "../db/port.ts";
import { DatabaseUnavailableError } from "../db/port.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import { errorMessage, type Outcome } from "../runtime/call/outcome.ts";
import { type Moment, newsSince } from "./commitLog.ts";
import { endOf, withEnd } from "./pages.ts";
import { failed, type QueryReport, updated } from "./protocol.ts";
import type { QueryStore } from "./queryStore.ts";
import type { QueryResult, WatchedQuery } from "./watchedQuery.ts";

export interface QueryRunnerOptions {
  db: Database;
  invoker: Invoker;
  store: QueryStore;
  log: Log;
  /** Transactions that may read at once. */
  transactions: number;
}

/** What several queries give in one state of the database. */
export interface View {
  readonly moment: Moment;
  readonly results: ReadonlyMap<WatchedQuery, QueryResult>;
}

type Claim = (query: WatchedQuery) => void;

/** The queries have to be read once more, in another snapshot: one with this caller in it, if there is one. */
class AnotherRound extends Error {
  readonly caller: Identity | undefined;

  constructor(caller?: Identity) {
    super("another round");
    this.caller = caller;
  }
}

/** Brings watched queries to one state of the database, running those only that may have changed. */
export class QueryRunner {
  readonly #options: QueryRunnerOptions;
  readonly #limit: LimitFunction;
  /** Queries run since the start. */
  runs = 0;

  constructor(options: QueryRunnerOptions) {
    this.#options = options;
    this.#limit = pLimit(options.transactions);
  }

  /**
   * What these queries give now, all in the same state of the database.
   * @throws DatabaseUnavailableError
   */
  async view(queries: readonly WatchedQuery[]): Promise<View> {
    let provisioned = false;
    // Each round but the last repairs one thing.
    for (let round = 0; round <= queries.length + 2; round++) {
      await this.#othersDone(queries);
      try {
        return await this.#claiming((claim) => {
          for (const query of queries) if (query.stale) claim(query);
          return this.#read(queries, provisioned, claim);
        });
      } catch (error) {
        if (!(error instanceof AnotherRound)) throw error;
        if (error.caller === undefined) continue;
        await this.#options.invoker.provision(error.caller);
        provisioned = true;
      }
    }
    throw new Error("the queries do not come to rest");
  }

  /** What another runs anyway is not run a second time. Nobody who waits here is waited for. */
  async #othersDone(queries: readonly WatchedQuery[]): Promise<void> {
    const running = () => queries.flatMap((query) => (query.stale ? (query.running ?? []) : []));
    for (let waited = running(); waited.length > 0; waited = running()) await Promise.all(waited);
  }

  /** Marks queries as being run until `work` is done. */
  async #claiming<T>(work: (claim: Claim) => Promise<T>): Promise<T> {
    const mine = new Set<WatchedQuery>();
    let done = () => {};
    const running = new Promise<void>((resolve) => {
      done = resolve;
    });
    try {
      return await work((query) => {
        if (query.running !== undefined) return;
        query.running = running;
        mine.add(query);
      });
    } finally {
      for (const query of mine) query.running = undefined;
      done();
    }
  }

  #read(queries: readonly WatchedQuery[], again: boolean, claim: Claim): Promise<View> {
    const { db, store } = this.#options;
    return this.#limit(async () => {
      const { since, end } = store.begin();
      try {
        return await db.read(async (tx) => {
          const news = await newsSince(tx, since);
          store.apply(news);
          // At once, before whoever is woken by it looks.
          for (const query of queries) if (query.stale) claim(query);
          return await this.#readIn(tx, news.moment, queries, again);
        });
      } finally {
        end();
      }
    });
  }

  async #readIn(
    tx: ReadTx,
    moment: Moment,
    queries: readonly WatchedQuery[],
    again: boolean,
  ): Promise<View> {
    const results = new Map<WatchedQuery, QueryResult>();
    for (const query of queries) {
      const known = this.#options.store.resultIn(query, moment.snapshot);
      if (known) results.set(query, known);
    }
    for (const query of queries) {
      if (!results.has(query)) results.set(query, await this.#run(tx, moment, query, again));
    }
    return { moment, results };
  }

  async #run(
    tx: ReadTx,
    { snapshot }: Moment,
    query: WatchedQuery,
    again: boolean,
  ): Promise<QueryResult> {
    const { invoker, store } = this.#options;
    const { name, argsText, identity, requestId } = query;
    this.runs += 1;
    const tracked = new TrackedRead(tx);
    const args: unknown = JSON.parse(argsText);
    const call = {
      name,
      kind: "query" as const,
      args: withEnd(args, query.end),
      argsBytes: Buffer.byteLength(argsText),
      format: "convex_encoded_json" as const,
      identity,
      requestId,
      watched: true as const,
      signal: () => new AbortController().signal,
    };
    const outcome = await invoker.queryIn(tracked, call, again);
    if (outcome === undefined) throw new AnotherRound(identity);
    const { staleSince: changedAt } = query;
    if (outcome.ok) query.end ??= endOf(args, outcome.json);
    const report = reportOf(outcome, query);
    const result = { report, keys: tracked.keys, snapshot, changedAt };
    store.keep(query, result);
    // What broke may have broken the transaction for the others.
    if (!outcome.ok && outcome.failure.kind === "broken") throw new AnotherRound();
    return result;
  }
}

function reportOf(outcome: Outcome, { requestId, end }: WatchedQuery): QueryReport {
  if (outcome.ok) return updated(outcome.json, end);
  const { failure } = outcome;
  switch (failure.kind) {
    case "refused":
      return failed({
        message: errorMessage(requestId, failure),
        data: failure.typed ? failure.data : undefined,
        end,
      });
    case "broken":
      return failed({ message: `[Request ID: ${requestId}] Server Error`, end });
    case "unavailable":
      throw new DatabaseUnavailableError(failure.message);
  }
}

/** Hands statements on and remembers what was read. */
class TrackedRead implements ReadTx {
  readonly keys = new Set<DataKey>();
  readonly #tx: ReadTx;

  constructor(tx: ReadTx) {
    this.#tx = tx;
  }

  all<Row>(wanted: Statement<Row>, values?: readonly SqlValue[]): Promise<Row[]> {
    return this.#tx.all(wanted, values);
  }

  first<Row>(wanted: Statement<Row>, values?: readonly SqlValue[]): Promise<Row | undefined> {
    return this.#tx.first(wanted, values);
  }

  reads(...keys: DataKey[]): void {
    for (const key of keys) this.keys.add(key);
  }
}
