import pg from "pg";
import { EmbeddedPostgresError } from "../errors.ts";
import { durableSettings } from "./postmaster.ts";

/** Every process using the postmaster holds this lock shared, through its keeper; the number is arbitrary. */
const usersLock = 7_205_150_001;

const nameOfKeepers = "connvo supervisor";

/** Another user of the postmaster: its process, when it tells, and the backend that serves its keeper. */
export interface User {
  readonly client: number | undefined;
  readonly backend: number;
}

/**
 * The one connection a supervisor keeps. Its end is how a dead postmaster is noticed; its lock is how the last
 * user is told from the others, and the kernel gives that lock back also for a killed process.
 */
export class Keeper {
  readonly #client: pg.Client;
  readonly #lost: Promise<void>;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#lost = new Promise((resolve) => client.once("end", () => resolve()));
  }

  /** Connects and registers as a user. @throws whatever keeps the server from answering. */
  static async connect(socketDir: string, port: number): Promise<Keeper> {
    const client = new pg.Client({
      host: socketDir,
      port,
      user: "postgres",
      database: "postgres",
      application_name: `${nameOfKeepers} ${process.pid}`,
      connectionTimeoutMillis: 10_000,
    });
    client.on("error", () => undefined);
    const keeper = new Keeper(client);
    try {
      await client.connect();
      await client.query("SELECT pg_advisory_lock_shared($1)", [usersLock]);
      return keeper;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /** Resolves when the connection has ended, whoever ended it. */
  lost(): Promise<void> {
    return this.#lost;
  }

  /** @throws EmbeddedPostgresError when the server would acknowledge what it has not made durable. */
  async assertDurable(): Promise<void> {
    for (const [name, wanted] of Object.entries(durableSettings)) {
      const { rows } = await this.#client.query<Record<string, string>>(`SHOW ${name}`);
      const actual = rows[0]?.[name];
      if (actual !== wanted)
        throw new EmbeddedPostgresError(`refused: ${name} is ${actual}, it has to be ${wanted}`);
    }
  }

  /** Creates the database unless it is there. */
  async ensureDatabase(name: string): Promise<void> {
    const found = await this.#client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (found.rowCount) return;
    const create = this.#client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    // Another process may be doing the same: duplicate_database, or unique_violation in the catalog.
    await create.catch((error: { code?: string }) => {
      if (error.code !== "42P04" && error.code !== "23505") throw error;
    });
  }

  /** Whether nobody else uses the postmaster. From then on nobody can register. */
  async isLast(): Promise<boolean> {
    await this.#client.query("SELECT pg_advisory_unlock_shared($1)", [usersLock]);
    const { rows } = await this.#client.query<{ alone: boolean }>(
      "SELECT pg_try_advisory_lock($1) AS alone",
      [usersLock],
    );
    return rows[0]?.alone === true;
  }

  /** All others that are registered, also for a moment those that have just been killed. */
  async others(): Promise<User[]> {
    const { rows } = await this.#client.query<{ name: string; backend: number }>(
      `SELECT application_name AS name, pid AS backend FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = $1 AND pid <> pg_backend_pid()`,
      [usersLock],
    );
    return rows.map(({ name, backend }) => {
      const client = Number(name.slice(nameOfKeepers.length));
      return { client: client > 0 ? client : undefined, backend };
    });
  }

  async close(): Promise<void> {
    // First: the server may take a moment to notice that a connection has ended.
    await this.#client.query("SELECT pg_advisory_unlock_all()").catch(() => undefined);
    await this.#client.end().catch(() => undefined);
  }
}
