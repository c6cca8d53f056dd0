import { Command } from "commander";
import { openStore } from "../app/storage.ts";
import { loadConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import { openTarget } from "../db/embedded/target.ts";
import { migrate } from "../db/migrate.ts";
import { migrationsFolder } from "../db/migrationsFolder.ts";
import { openDatabase } from "../db/pool.ts";
import { createFileStorage } from "../storage/file/fileStorage.ts";
import { moveObjects } from "../storage/moveObjects.ts";
import { requireDatabase, runCommand } from "./databaseCommand.ts";

const command = new Command("storage:move")
  .description(
    "Moves finished files from the data folder to the bucket; the server may keep running, and archives captures by itself. Can be repeated.",
  )
  .action(async () => {
    const config = loadConfig(process.env);
    if (config.s3Bucket === undefined)
      throw new Error("CONNVO_S3_BUCKET is not set: there is nowhere to move files to.");
    await requireDatabase(config);
    const { direct: connection, stop } = await openTarget(config, silentLog, systemClock);
    try {
      await migrate({ connection, folder: migrationsFolder(), log: silentLog });
      const options = { connection, poolSize: 2, namedStatements: config.databaseNamedStatements };
      const db = await openDatabase({ ...options, log: silentLog });
      try {
        const store = await openStore(config, db, silentLog);
        if (store) await move(config.dataDir, store);
        store?.close();
      } finally {
        await db.close();
      }
    } finally {
      await stop();
    }
  });

async function move(
  dataDir: string,
  { storage }: NonNullable<Awaited<ReturnType<typeof openStore>>>,
): Promise<void> {
  let files = 0;
  let bytes = 0;
  for await (const { key, sizeBytes, count, total } of moveObjects(
    createFileStorage(dataDir),
    storage,
  )) {
    files++;
    bytes += sizeBytes;
    process.stdout.write(`${count} of ${total}  ${key}  ${megabytes(sizeBytes)}\n`);
  }
  process.stdout.write(`Moved ${files} files, ${megabytes(bytes)}.\n`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

void runCommand(command);
