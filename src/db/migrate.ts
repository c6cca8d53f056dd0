import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import type { Log } from "../core/log.ts";
import { type ConnectionTarget, connectDirectly } from "./connection.ts";
import { MigrationError } from "./errors.ts";

export interface Migration {
  /** `0001-create-core-tables`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
}

export interface MigrateOptions {
  readonly connection: ConnectionTarget;
  /** Folder with `NNNN-verb-noun.sql`. */
  readonly folder: string;
  readonly log: Log;
}

/** Held while migrating, so that nodes starting together take turns; the number is arbitrary. */
const migrationLock = 7_205_150_002;

/**
 * Brings the schema up to date, each migration in a transaction of its own, over one direct connection.
 * @returns the names applied now.
 * @throws MigrationError when an applied file was changed, or the database is newer than this code.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder);
  const client = await connectDirectly(options.connection);
  const applied: string[] = [];
  try {
    for (;;) {
      const next = await applyNext(client, migrations);
      if (next === undefined) return applied;
      options.log.info({ migration: next }, "migration applied");
      applied.push(next);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Of a transaction, not of the session: a pooler would keep that one for good. @returns its name, if there was one to apply */
async function applyNext(client: pg.Client, migrations: Migration[]): Promise<string | undefined> {
  try {
    await client.query("BEGIN");
    await lockMigrations(client);
    await createMigrationsTable(client);
    const next = await findNext(client, migrations);
    if (next) await apply(client, next);
    await client.query("COMMIT");
    return next?.name;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** All migrations in order. @throws MigrationError for a bad name or a gap in the numbers. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(files.map((file, index) => readMigration(folder, file, index + 1)));
}

async function readMigration(folder: string, file: string, number: number): Promise<Migration> {
  if (!/^\d{4}(-[a-z0-9]+){2,}\.sql$/.test(file))
    throw new MigrationError(`${file}: a migration is named NNNN-verb-noun.sql`);
  if (Number(file.slice(0, 4)) !== number)
    throw new MigrationError(`${file}: expected number ${String(number).padStart(4, "0")} here`);
  const bytes = await readFile(path.join(folder, file));
  const checksum = createHash("sha256").update(bytes).digest("hex");
  return { name: path.basename(file, ".sql"), sql: bytes.toString("utf8"), checksum };
}

/** Waits for whoever migrates, and keeps others from it until the end of the transaction. */
export async function lockMigrations(client: pg.Client): Promise<void> {
  await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
}

/** Makes the table of applied migrations. */
export async function createMigrationsTable(client: pg.Client): Promise<void> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
       name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
}

async function findNext(
  client: pg.Client,
  migrations: Migration[],
): Promise<Migration | undefined> {
  const { rows } = await client.query<{ name: string; checksum: string }>(
    "SELECT name, checksum FROM schema_migrations ORDER BY name",
  );
  rows.forEach((row, index) => {
    checkApplied(row, migrations[index]);
  });
  return migrations[rows.length];
}

function checkApplied(row: { name: string; checksum: string }, known: Migration | undefined): void {
  if (known?.name !== row.name)
    throw new MigrationError(
      `the database has migration ${row.name}, which this version does not know: it was made by a newer version`,
    );
  if (known.checksum !== row.checksum)
    throw new MigrationError(
      `migration ${row.name} was changed after it had been applied; put it back and add a new one`,
    );
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await applyMigration(client, migration);
  } catch (error) {
    throw new MigrationError(
      `migration ${migration.name} failed: ${(error as Error).message}`,
      error,
    );
  }
}

/** Applies and records one migration within the caller's transaction. */
export async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  await client.query(migration.sql);
  await client.query("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", [
    migration.name,
    migration.checksum,
  ]);
}
