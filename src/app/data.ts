import { randomUUID } from "node:crypto";
import { chmod, mkdir, stat, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { keysFolder, readOrCreateSecret } from "../auth/secretFile.ts";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { Lifetime } from "../core/lifetime.ts";
import type { Log } from "../core/log.ts";
import { type ConnectionTarget, connectDirectly } from "../db/connection.ts";
import { openTarget } from "../db/embedded/target.ts";
import { migrate } from "../db/migrate.ts";
import { migrationsFolder } from "../db/migrationsFolder.ts";
import { openDatabase } from "../db/pool.ts";
import type { Database } from "../db/port.ts";
import { holdSite } from "../jobs/site.ts";
import { blaming } from "./blaming.ts";

/** Time PostgreSQL has to end once there is hurry, by force at last, ms. */
const hurriedPostgresMs = 18_000;

/** Nobody else may look; where this is root, PostgreSQL's own account has to pass through to its folder inside. */
export async function makeDataFolder(dataDir: string): Promise<void> {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  await mkdir(dataDir, { recursive: true, mode });
  const { mode: found } = await stat(dataDir);
  if (process.platform !== "win32" && (found & 0o777 & ~mode) !== 0) await chmod(dataDir, mode);
}

/** Starts or reaches the database, and brings its schema up to date. */
export async function openData(
  config: Config,
  log: Log,
  lifetime: Lifetime,
  stopWanted: AbortSignal,
): Promise<Database> {
  const { connection, direct, stop } = await openTarget(config, log, systemClock, stopWanted);
  lifetime.add("PostgreSQL", stop, { hurriedMs: hurriedPostgresMs });
  stopWanted.throwIfAborted();
  if (config.databaseUrl !== undefined) await blaming("DATABASE_URL", reach(connection));
  if (config.databaseDirectUrl !== undefined) await blaming("DATABASE_DIRECT_URL", reach(direct));
  await migrate({ connection: direct, folder: migrationsFolder(), log });
  const db = await openDatabase({
    ...{ connection, direct },
    poolSize: config.databasePoolSize,
    namedStatements: config.databaseNamedStatements,
    log,
  });
  lifetime.add("database", () => db.close());
  return db;
}

async function reach(connection: ConnectionTarget): Promise<void> {
  const client = await connectDirectly(connection);
  await client.end();
}

/** Where rooms are ours, so are the media of their recordings: this folder's. @returns its id */
export async function openSite(
  config: Config,
  db: Database,
  log: Log,
  lifetime: Lifetime,
): Promise<string | null> {
  if (config.streamApiKey !== undefined) return null;
  const { dataDir } = config;
  const id = await readOrCreateSecret(path.join(keysFolder(dataDir), "site"), randomUUID, log);
  const site = { id: id.trim(), place: `${hostname()}:${dataDir}` };
  const held = await blaming("DATABASE_URL", holdSite({ db, clock: systemClock, log }, site));
  lifetime.add("site", () => held.close());
  return site.id;
}

/** Free space where a folder lies, bytes. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
