import path from "node:path";
import type { Config } from "../../config/config.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ConnectionTarget } from "../connection.ts";
import { startEmbeddedPostgres } from "./start.ts";

/** A database that can be connected to until `stop`. */
export interface DatabaseTarget {
  readonly connection: ConnectionTarget;
  /** The same without a pooler between. */
  readonly direct: ConnectionTarget;
  /** Leaves the embedded PostgreSQL (the last one out shuts it down); nothing to do for `DATABASE_URL`. */
  stop(hurry?: AbortSignal): Promise<void>;
}

/** Folder of the embedded database's files. */
export const embeddedFolder = (dataDir: string): string => path.join(dataDir, "postgres");

/**
 * The configured database: `DATABASE_URL`, or the embedded one in the data folder, started or adopted.
 * @throws also when `stopWanted` aborts before it is up
 */
export async function openTarget(
  config: Pick<Config, "databaseUrl" | "databaseDirectUrl" | "dataDir">,
  log: Log,
  clock: Clock,
  stopWanted?: AbortSignal,
): Promise<DatabaseTarget> {
  const { databaseUrl, databaseDirectUrl: direct = databaseUrl } = config;
  if (databaseUrl !== undefined && direct !== undefined)
    return { connection: databaseUrl, direct, stop: () => Promise.resolve() };
  const dataDir = embeddedFolder(config.dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir, log, clock, stopWanted });
  const { connection } = postgres;
  return { connection, direct: connection, stop: (hurry) => postgres.stop(hurry) };
}
