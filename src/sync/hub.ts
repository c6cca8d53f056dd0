import type { ConnectionAuthenticator } from "../auth/tokens/authenticator.ts";
import { aborted } from "../core/aborted.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database, DataKey } from "../db/port.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import { momentOf, newsSince } from "./commitLog.ts";
import { SyncConnection } from "./connection.ts";
import type { ClientSocket, Told } from "./connectionPorts.ts";
import { QueryRunner } from "./queryRunner.ts";
import { QueryStore } from "./queryStore.ts";

export interface SyncHubOptions {
  db: Database;
  invoker: Invoker;
  authenticator: ConnectionAuthenticator;
  clock: Clock;
  log: Log;
  /** Transactions that live queries may read in at once. */
  transactions: number;
  /** Hears of everything that a client was told. */
  onTold?: (told: Told) => void;
}

/** What is watched on this node now. */
export interface SyncStats {
  connections: number;
  /** Subscriptions of all clients. */
  subscriptions: number;
  /** Different queries among them. */
  queries: number;
  /** Queries run since the start. */
  runs: number;
  /** Of what clients were told since then: changes, results that needed no run of their own, and bytes. */
  updates: number;
  shared: number;
  bytes: number;
}

/** A change whose announcement was lost is noticed after this long, ms; where nobody watches, it may take longer. */
const pollMs = { watched: 2_000, unwatched: 30_000 };
/** Commits are kept for an hour: after half of it without news, nothing is known. */
const followableMs = 30 * 60_000;

/** All live clients of this node. Follows what is committed, by any node, and wakes those whose queries it touches. */
export class SyncHub {
  readonly #options: SyncHubOptions;
  readonly #connections = new Set<SyncConnection>();
  readonly #stopping = new AbortController();
  readonly #store: QueryStore;
  readonly #runner: QueryRunner;
  #pulling: Promise<void> | undefined;
  #pullAgain = false;
  #closing = false;
  #pulledAt: number;
  #ended: Promise<unknown> = Promise.resolve();
  readonly #told = { updates: 0, shared: 0, bytes: 0 };

  private constructor(options: SyncHubOptions, store: QueryStore) {
    const { db, invoker, log, transactions, clock } = options;
    this.#options = options;
    this.#store = store;
    this.#runner = new QueryRunner({ db, invoker, store, log, transactions });
    this.#pulledAt = clock.now();
  }

  /** @throws DatabaseUnavailableError */
  static async open(options: SyncHubOptions): Promise<SyncHub> {
    const store = new QueryStore(await options.db.read(momentOf));
    const hub = new SyncHub(options, store);
    const unlisten = await options.db.listen((keys) => hub.#hear(keys));
    const polling = hub.#poll();
    hub.#ended = aborted(hub.#stopping.signal).then(() => Promise.all([unlisten(), polling]));
    return hub;
  }

  /** Takes a client. */
  connect(socket: ClientSocket): SyncConnection {
    const { invoker, authenticator, clock, log } = this.#options;
    const connection = new SyncConnection(
      {
        invoker,
        authenticator,
        store: this.#store,
        runner: this.#runner,
        clock,
        log,
        stopping: this.#stopping.signal,
        onTold: (told) => this.#count(told),
      },
      socket,
    );
    this.#connections.add(connection);
    if (this.#closing) void connection.drain();
    return connection;
  }

  /** A client's socket is gone. */
  disconnect(connection: SyncConnection): void {
    connection.gone();
    this.#connections.delete(connection);
  }

  stats(): SyncStats {
    const all = [...this.#connections];
    return {
      connections: all.length,
      subscriptions: all.reduce((sum, { queries }) => sum + queries, 0),
      queries: this.#store.size,
      runs: this.#runner.runs,
      ...this.#told,
    };
  }

  #count(told: Told): void {
    this.#told.updates += told.changes.length;
    this.#told.shared += told.shared;
    this.#told.bytes += told.bytes;
    this.#options.onTold?.(told);
  }

  /** Lets every client finish what it has begun, and sends it to another node. */
  async close(hurry?: AbortSignal): Promise<void> {
    this.#closing = true;
    hurry?.addEventListener("abort", () => this.#stopping.abort(), { once: true });
    await Promise.all([...this.#connections].map((connection) => connection.drain()));
    this.#stopping.abort();
    await this.#ended;
    await this.#pulling;
  }

  #hear(keys: readonly DataKey[]): void {
    if (keys.length === 0 || this.#store.concerns(keys)) this.#pull();
  }

  async #poll(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(this.#store.size > 0 ? pollMs.watched : pollMs.unwatched, signal);
      if (!signal.aborted) this.#pull();
      await this.#pulling;
    }
  }

  /** Reads what has been committed; again when more is heard of meanwhile. */
  #pull(): void {
    this.#pullAgain = this.#pulling !== undefined;
    this.#pulling ??= this.#readNews()
      .catch((error: unknown) => this.#options.log.warn({ err: error }, "commits cannot be read"))
      .finally(() => {
        this.#pulling = undefined;
        if (this.#pullAgain) this.#pull();
      });
  }

  async #readNews(): Promise<void> {
    const { db, clock, log } = this.#options;
    const { moment } = this.#store;
    const news = await db.read((tx) => newsSince(tx, moment.snapshot));
    const lost = news.moment.ts < moment.ts || clock.now() - this.#pulledAt > followableMs;
    this.#pulledAt = clock.now();
    if (!lost) return this.#store.apply(news);
    log.warn({}, "commits could not be followed: all live queries run again");
    this.#store.restart(news.moment);
  }
}
