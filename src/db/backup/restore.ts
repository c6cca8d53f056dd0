import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { type ConnectionTarget, connectDirectly } from "../connection.ts";
import {
  applyMigration,
  createMigrationsTable,
  lockMigrations,
  type Migration,
  readMigrations,
} from "../migrate.ts";
import { target } from "./backup.ts";
import { appliedMigrations, countRows, describeTables, dropEverything, seeded } from "./catalog.ts";
import { BackupFileError, type BackupHeader, BackupReader, type TableHeader } from "./format.ts";

export interface RestoreOptions {
  readonly connection: ConnectionTarget;
  readonly file: string;
  /** Folder of this version's migrations. */
  readonly migrations: string;
  /** Replace what the database holds. */
  readonly force: boolean;
}

/** The database is not in a state to be restored into; the message says what to do. */
class RestoreRefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RestoreRefusedError";
  }
}

/**
 * Loads a backup in one transaction: afterwards the database is the backup's, brought up to this version, or untouched.
 * @returns the tables with their row counts.
 * @throws BackupFileError for a file that is not whole, not a backup, or newer than this version.
 * @throws RestoreRefusedError when the database holds something (without `force`) or is in use.
 */
export async function restore(options: RestoreOptions): Promise<TableHeader[]> {
  const header = await verify(options.file);
  const migrations = await readMigrations(options.migrations);
  checkVersion(header, migrations);
  const client = await connectDirectly(options.connection);
  try {
    await client.query("BEGIN");
    await client.query("SET LOCAL statement_timeout = 0");
    await lockMigrations(client);
    await makeRoom(client, options.force);
    await load(client, options.file, migrations);
    await client.query("COMMIT");
    return header.tables;
  } finally {
    // Ending the session rolls back what was not committed.
    await client.end().catch(() => undefined);
  }
}

/** Reads the whole file before anything is touched. */
async function verify(file: string): Promise<BackupHeader> {
  const { reader, header } = await BackupReader.open(file);
  for (const _table of header.tables) for await (const _data of reader.table());
  await reader.finish();
  return header;
}

function checkVersion(header: BackupHeader, migrations: readonly Migration[]): void {
  header.migrations.forEach(({ name, checksum }, index) => {
    const known = migrations[index];
    if (known?.name !== name || known.checksum !== checksum)
      throw new BackupFileError(
        `the backup was made by a newer or different version of Connvo: it has migration ${name}`,
      );
  });
}

async function makeRoom(client: pg.Client, force: boolean): Promise<void> {
  const others = await client.query(
    `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'connvo' AND pid <> pg_backend_pid()`,
  );
  if (others.rowCount)
    throw new RestoreRefusedError("a Connvo server is using the database; stop it first");
  const ours = (await appliedMigrations(client)).length > 0;
  const tables = await describeTables(client);
  if (!ours && tables.length > 0)
    throw new RestoreRefusedError("the database holds tables that are not Connvo's");
  if (!force && tables.some(({ name, rows }) => rows > 0 && !seeded.has(name)))
    throw new RestoreRefusedError("the database is not empty; --force replaces what it holds");
  await dropEverything(client);
}

async function load(client: pg.Client, file: string, migrations: Migration[]): Promise<void> {
  const { reader, header } = await BackupReader.open(file);
  try {
    await createMigrationsTable(client);
    const count = header.migrations.length;
    for (const migration of migrations.slice(0, count)) await applyMigration(client, migration);
    for (const table of header.tables) await loadTable(client, reader, table);
    await reader.finish();
    for (const migration of migrations.slice(count)) await applyMigration(client, migration);
  } finally {
    await reader.close();
  }
}

async function loadTable(client: pg.Client, reader: BackupReader, table: TableHeader) {
  if (seeded.has(table.name)) await client.query(`DELETE FROM ${pg.escapeIdentifier(table.name)}`);
  const copy = client.query(copyFrom(`COPY ${target(table)} FROM STDIN (FORMAT binary)`));
  await pipeline(Readable.from(reader.table()), copy);
  const rows = await countRows(client, table.name);
  if (rows !== table.rows)
    throw new BackupFileError(`${table.name} has ${rows} rows instead of ${table.rows}`);
}
