import { systemClock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import { openTarget } from "../src/db/embedded/target.ts";
import { migrate } from "../src/db/migrate.ts";
import { migrationsFolder } from "../src/db/migrationsFolder.ts";
import { openDatabase } from "../src/db/pool.ts";
import { rawPool } from "./rawPool.ts";
import type { Stage } from "./stage.ts";

/** A PostgreSQL of the stage's own, in `dataDir`: as the server opens it, and as the raw driver does, with as many connections. */
export async function benchDatabase(stage: Stage, dataDir: string, poolSize: number) {
  const { connection, stop } = await openTarget(
    { dataDir, databaseUrl: undefined, databaseDirectUrl: undefined },
    silentLog,
    systemClock,
  );
  stage.own("PostgreSQL", stop);
  await migrate({ connection, folder: migrationsFolder(), log: silentLog });
  const db = await openDatabase({ connection, poolSize, namedStatements: true, log: silentLog });
  stage.own("database", () => db.close());
  const pool = rawPool(connection, poolSize);
  stage.own("raw pool", () => pool.end());
  return { db, pool };
}
