import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { type SocketConnection, startEmbeddedPostgres } from "../../../src/db/embedded.ts";
import { migrate } from "../../../src/db/migrate.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Connection to the migrated template database every test database is copied from. */
    templateDatabase: SocketConnection;
  }
}

const migrations = fileURLToPath(new URL("../../../migrations", import.meta.url));

/** One embedded PostgreSQL for the whole run, with a migrated template database. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "connvo-test-"));
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
