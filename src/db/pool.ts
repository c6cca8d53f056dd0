import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type Backoff, backoffMs } from "../core/backoff.ts";
import type { Log } from "../core/log.ts";
import { CommitNotifier } from "./commitNotifier.ts";
import { type ConnectionTarget, clientConfig } from "./connection.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { isConnectionRefused, isRetryable, translate } from "./failures.ts";
import { listenForCommits } from "./listener.ts";
import { type Database, type DataKey, type ReadTx, statement, type Tx } from "./port.ts";
import { Session, type SessionOptions } from "./session.ts";
import { findSessionSettings, limits, type SessionSettings } from "./sessionSettings.ts";

export interface DatabaseOptions {
  readonly connection: ConnectionTarget;
  /** The same database without a pooler between, for hearing of commits; default `connection`. */
  readonly direct?: ConnectionTarget;
  /** Connections at most. */
  readonly poolSize: number;
  /** Prepared statements by name; false behind a transaction pooler that loses them. */
  readonly namedStatements: boolean;
  readonly log: Log;
  /** What the server is taken to accept; absent = found out. */
  readonly sessionSettings?: SessionSettings;
  /** 0 ≤ x < 1, for the jitter of retries. */
  readonly random?: () => number;
  /** How long a transaction may take from its first statement on, ms; default 30 000. */
  readonly transactionLimitMs?: number;
}

/** Times a transaction is run at most when others keep getting in its way. */
const mostAttempts = 10;
const betweenAttempts: Backoff = { firstMs: 10, mostMs: 500 };
/** How long a restarting server is waited for before a connection is given up, ms. */
const reconnectBudgetMs = 5_000;
const pingBudgetMs = 5_000;

/** Opens the pool. @throws DatabaseUnavailableError when the database does not answer. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const settings = options.sessionSettings ?? (await findSessionSettings(options.connection));
  const database = new PooledDatabase(options, settings);
  await database.ping().catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return database;
}

const setLimits = statement(
  "db.setLimits",
  `SELECT set_config('statement_timeout', '${limits.statementMs}', true),
          set_config('idle_in_transaction_session_timeout', '${limits.transactionMs}', true),
          set_config('timezone', 'UTC', true)`,
);
const beginRead = statement("db.beginRead", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
const beginWrite = statement("db.beginWrite", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
const commit = statement("db.commit", "COMMIT");
const one = statement("db.ping", "SELECT 1");

class PooledDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;
  readonly #notifier: CommitNotifier;
  readonly #reading: SessionOptions;
  readonly #writing: SessionOptions;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions, settings: SessionSettings) {
    const { connection, poolSize, namedStatements: named, log } = options;
    this.#options = options;
    this.#pool = new pg.Pool({ ...clientConfig(connection, settings.options), max: poolSize });
    // `pg` reports a lost connection as an event; without listeners it would end the process.
    this.#pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
    const checkOut = () => this.#checkOut();
    const limitMs = options.transactionLimitMs ?? limits.transactionMs;
    const local = settings.readOnlySnapshots ? [] : [setLimits];
    this.#reading = settings.readOnlySnapshots
      ? { checkOut, named, limitMs, begin: [], end: [] }
      : { checkOut, named, limitMs, begin: [beginRead, ...local], end: [commit] };
    this.#writing = { checkOut, named, limitMs, begin: [beginWrite, ...local], end: [commit] };
    this.#notifier = new CommitNotifier(this.#writing, log);
  }

  async read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    const session = new Session(this.#reading);
    try {
      const value = await work(session);
      session.leave();
      return value;
    } catch (error) {
      await session.abandon();
      throw error;
    }
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!isRetryable(error) || attempt === mostAttempts) throw error;
        await sleep(this.#backoffMs(attempt));
      }
    }
  }

  async #attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const session = new Session(this.#writing);
    let value: T;
    try {
      value = await work(session);
      await session.commit();
    } catch (error) {
      await session.abandon();
      throw translate(error);
    }
    this.#notifier.announce(session.written);
    await session.runEffects(this.#options.log);
    return value;
  }

  /** Exponential with full jitter: colliding transactions must not collide again in step. */
  #backoffMs(attempt: number): number {
    const random = this.#options.random ?? Math.random;
    return random() * backoffMs(betweenAttempts, attempt);
  }

  /** Waits for a server that is being restarted: nothing has been sent yet, so trying again is safe. */
  async #checkOut(): Promise<pg.PoolClient> {
    const deadline = Date.now() + reconnectBudgetMs;
    for (;;) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        const closing = this.#closing !== undefined;
        if (closing || !isConnectionRefused(error) || Date.now() > deadline) throw translate(error);
        await sleep(50);
      }
    }
  }

  listen(onCommit: (keys: DataKey[]) => void): Promise<() => Promise<void>> {
    const { connection, direct = connection, log } = this.#options;
    const probe = () => this.#notifier.probeListeners();
    return listenForCommits({ connection: direct, log, probe }, onCommit);
  }

  async ping(): Promise<void> {
    const abort = new AbortController();
    const late = sleep(pingBudgetMs, undefined, { signal: abort.signal }).then(() => {
      throw new DatabaseUnavailableError("The database does not answer");
    });
    late.catch(() => undefined);
    await Promise.race([this.read((tx) => tx.first(one)), late]).finally(() => abort.abort());
  }

  close(): Promise<void> {
    this.#closing ??= this.#notifier.close().then(() => this.#pool.end());
    return this.#closing;
  }
}
