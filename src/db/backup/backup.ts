import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import type { Clock } from "../../core/clock.ts";
import { renameDurably } from "../../files/durable.ts";
import { type ConnectionTarget, connectDirectly } from "../connection.ts";
import { MigrationError } from "../errors.ts";
import { appliedMigrations, describeTables } from "./catalog.ts";
import { type TableHeader, writeFrames } from "./format.ts";

export interface BackupOptions {
  readonly connection: ConnectionTarget;
  /** Replaced if it exists, at the very end. */
  readonly file: string;
  readonly clock: Clock;
}

/**
 * Writes all tables, as of one moment, into one file; the server may keep running.
 * @returns the tables with their row counts.
 * @throws MigrationError when the database has no schema yet.
 */
export async function backUp(options: BackupOptions): Promise<TableHeader[]> {
  const client = await connectDirectly(options.connection);
  const part = `${options.file}.part`;
  try {
    const tables = await writeSnapshot(client, part, options.clock);
    await renameDurably(part, options.file);
    return tables;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function writeSnapshot(client: pg.Client, file: string, clock: Clock) {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await client.query("SET LOCAL statement_timeout = 0");
  const migrations = await appliedMigrations(client);
  if (migrations.length === 0)
    throw new MigrationError("the database is empty: nothing to back up");
  const tables = await describeTables(client);
  const createdAt = new Date(clock.now()).toISOString();
  const frames = writeFrames({ createdAt, migrations, tables }, (table) => copyOut(client, table));
  // It holds personal data: for nobody else to read.
  const output = createWriteStream(file, { mode: 0o600, flush: true });
  await pipeline(Readable.from(frames), createGzip(), output);
  await client.query("COMMIT");
  return tables;
}

function copyOut(client: pg.Client, table: TableHeader): AsyncIterable<Buffer> {
  return client.query(copyTo(`COPY ${target(table)} TO STDOUT (FORMAT binary)`));
}

/** `"table" ("column", …)`. */
export function target({ name, columns }: TableHeader): string {
  return `${pg.escapeIdentifier(name)} (${columns.map(pg.escapeIdentifier).join(", ")})`;
}
