import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { isRunning } from "../../../src/db/embedded/lockFile.ts";
import { type SocketConnection, startEmbeddedPostgres } from "../../../src/db/embedded/start.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { killPostgres } from "./postgresProcesses.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection to the migrated template database every test database is copied from. */
    templateDatabase: SocketConnection;
  }
}

const migrations = fileURLToPath(new URL("../../../migrations", import.meta.url));

const prefix = "connvo-test-";

/** Ends what a killed run left behind: its postmaster outlives it by design. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const pid = Number(/^connvo-test-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (!name.startsWith(prefix) || isRunning(pid)) continue;
    const folder = path.join(os.tmpdir(), name);
    await killPostgres(path.join(folder, "postgres"));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One embedded PostgreSQL for the whole run, with a migrated template database. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned();
  const folder = await mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const dataDir = path.join(folder, "postgres");
  const postgres = await startEmbeddedPostgres({ dataDir, log: silentLog, clock: systemClock });
  const template = { ...postgres.connection, database: "template_connvo" };
  const client = new pg.Client(postgres.connection);
  await client.connect();
  await client.query(`CREATE DATABASE ${template.database}`);
  await client.end();
  await migrate({ connection: template, folder: migrations, log: silentLog });
  project.provide("templateDatabase", template);
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
