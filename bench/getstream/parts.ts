import type pg from "pg";
import { loadConfig } from "../../src/config/config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { openTarget } from "../../src/db/embedded/target.ts";
import { migrate } from "../../src/db/migrate.ts";
import { migrationsFolder } from "../../src/db/migrationsFolder.ts";
import { openDatabase } from "../../src/db/pool.ts";
import { capturesStay } from "../../src/recordings/archive/captureCopies.ts";
import type { RecordingServices } from "../../src/recordings/services.ts";
import { createFileStorage } from "../../src/storage/file/fileStorage.ts";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../src/synth/getstream/server.ts";
import { GetStreamVideoProvider } from "../../src/video/getstream/provider.ts";
import { withResilience } from "../../src/video/resilience.ts";
import { rawPool } from "../rawPool.ts";
import type { Stage } from "../stage.ts";

/** Recording at a stand-in of Stream's cloud, on a PostgreSQL of its own. */
export interface StreamParts {
  standIn: GetStreamStandIn;
  services: RecordingServices;
  pool: pg.Pool;
}

/** Pauses between two questions are none: what is measured is the work. */
const clock = {
  now: systemClock.now,
  sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
};

/** To be made behind a `StatementTape`, if one listens. `openMs`: how long a breaker stays open. */
export async function openStreamParts(stage: Stage, openMs = 30_000): Promise<StreamParts> {
  const dataDir = await stage.folder();
  const target = { dataDir, databaseUrl: undefined, databaseDirectUrl: undefined };
  const { connection, stop } = await openTarget(target, silentLog, systemClock);
  stage.own("PostgreSQL", stop);
  await migrate({ connection, folder: migrationsFolder(), log: silentLog });
  const standIn = await startGetStreamStandIn();
  stage.own("stand-in", () => standIn.close());
  const { apiKey, apiSecret, url: baseUrl } = standIn;
  const config = loadConfig({
    ...{ CONNVO_DATA_DIR: dataDir, STREAM_API_KEY: apiKey, STREAM_API_SECRET: apiSecret },
  });
  const poolSize = config.databasePoolSize;
  const db = await openDatabase({ connection, poolSize, namedStatements: true, log: silentLog });
  stage.own("database", () => db.close());
  const pool = rawPool(connection, poolSize);
  stage.own("raw pool", () => pool.end());
  const stream = new GetStreamVideoProvider({ apiKey, apiSecret, baseUrl, clock, log: silentLog });
  const services: RecordingServices = {
    ...{ config, db, clock, log: silentLog, nodeId: "bench", siteId: null },
    video: withResilience(stream, { log: silentLog, limits: { openMs } }),
    storage: createFileStorage(dataDir),
    copies: capturesStay,
    publicUrl: () => "http://127.0.0.1",
    freeDiskBytes: async () => 1e12,
  };
  return { standIn, services, pool };
}
