import { access } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { embeddedFolder } from "../db/embedded/target.ts";

/** Runs a command; a failure is told in one line on stderr and by exit code 1. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** `12 rows in 3 tables`. */
export function rowCount(tables: readonly { rows: number }[]): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return `${rows} rows in ${tables.length} tables`;
}

/** Starting an embedded database that is not there would make an empty one. @throws Error where there is none */
export async function requireDatabase({ databaseUrl, dataDir }: Config): Promise<void> {
  if (databaseUrl !== undefined) return;
  await access(path.join(embeddedFolder(dataDir), "PG_VERSION")).catch(() => {
    throw new Error(`There is no database in ${dataDir}.`);
  });
}
