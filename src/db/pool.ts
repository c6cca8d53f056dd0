import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { type ConnectionTarget, clientConfig } from "./connection.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { isRetryable, isUnavailable, translate } from "./failures.ts";
import { listenForCommits, notification } from "./listener.ts";
import type { Database, DataKey, ReadTx, SqlValue, Statement, Tx } from "./port.ts";

export interface DatabaseOptions {
  readonly connection: ConnectionTarget;
  /** Connections at most. */
  readonly poolSize: number;
  /** Prepared statements by name; false behind a transaction pooler that loses them. */
  readonly namedStatements: boolean;
  readonly log: Log;
}

/** Opens the pool. @throws DatabaseUnavailableError when the database does not answer. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { connection, poolSize, log } = options;
  const pool = new pg.Pool({ ...clientConfig(connection), max: poolSize });
  pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  const database = new PooledDatabase(pool, options);
  await database.ping().catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  return database;
}

const commitStatement = `WITH entry AS (INSERT INTO commit_log (id, keys) VALUES ($1, $2))
  SELECT pg_notify('connvo_commit', $3)`;
const mostAttempts = 8;

class PooledDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #options: DatabaseOptions;

  constructor(pool: pg.Pool, options: DatabaseOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async read<T>(work: (tx: ReadTx) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const value = await work(new Transaction(client, this.#options.namedStatements));
      await client.query("COMMIT");
      return value;
    });
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { value, tx } = await this.#withClient((client) => this.#attempt(client, work));
        await tx.runEffects(this.#options.log);
        return value;
      } catch (error) {
        if (!isRetryable(error) || attempt === mostAttempts) throw error;
        await sleep(Math.random() * Math.min(1000, 10 * 2 ** attempt));
      }
    }
  }

  async #attempt<T>(client: pg.PoolClient, work: (tx: Tx) => Promise<T>) {
    await client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    const tx = new Transaction(client, this.#options.namedStatements);
    const value = await work(tx);
    await tx.commit();
    return { value, tx };
  }

  async #withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw translate(error);
    });
    try {
      const value = await use(client);
      client.release();
      return value;
    } catch (error) {
      const broken = await client.query("ROLLBACK").then(
        () => undefined,
        (cause: Error) => cause,
      );
      client.release(broken);
      throw translate(error);
    }
  }

  listen(onCommit: (keys: DataKey[]) => void): Promise<() => Promise<void>> {
    return listenForCommits(this.#options, onCommit);
  }

  async ping(): Promise<void> {
    await this.#pool.query("SELECT 1").catch((error: unknown) => {
      throw translate(error);
    });
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }
}

class Transaction implements Tx {
  readonly #client: pg.PoolClient;
  readonly #named: boolean;
  readonly #written = new Set<DataKey>();
  readonly #effects: (() => void | Promise<void>)[] = [];

  constructor(client: pg.PoolClient, named: boolean) {
    this.#client = client;
    this.#named = named;
  }

  async all<Row>(statement: Statement<Row>, values?: readonly SqlValue[]): Promise<Row[]> {
    return (await this.#query(statement, values)).rows as Row[];
  }

  async first<Row>(
    statement: Statement<Row>,
    values?: readonly SqlValue[],
  ): Promise<Row | undefined> {
    return (await this.all(statement, values))[0];
  }

  async run(statement: Statement<unknown>, values?: readonly SqlValue[]): Promise<number> {
    return (await this.#query(statement, values)).rowCount ?? 0;
  }

  reads(): void {}

  writes(...keys: DataKey[]): void {
    for (const key of keys) this.#written.add(key);
  }

  afterCommit(effect: () => void | Promise<void>): void {
    this.#effects.push(effect);
  }

  async commit(): Promise<void> {
    if (this.#written.size > 0) {
      const keys = [...this.#written];
      await this.#client.query(commitStatement, [newId("commits"), keys, notification(keys)]);
    }
    await this.#client.query("COMMIT").catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      throw new DatabaseUnavailableError("The database was lost during COMMIT", {
        cause: error,
        ambiguous: true,
      });
    });
  }

  async runEffects(log: Log): Promise<void> {
    for (const effect of this.#effects) {
      try {
        await effect();
      } catch (error) {
        log.error({ err: error }, "an effect after commit failed");
      }
    }
  }

  #query(statement: Statement<unknown>, values: readonly SqlValue[] = []) {
    const { name, text } = statement;
    const named = this.#named ? { name } : {};
    return this.#client.query({ ...named, text, values: [...values] });
  }
}
