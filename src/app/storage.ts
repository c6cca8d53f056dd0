import type { Config } from "../config/config.ts";
import type { Lifetime } from "../core/lifetime.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { databaseLedger } from "../storage/databaseLedger.ts";
import { createFileStorage } from "../storage/file/fileStorage.ts";
import { createLayeredStorage } from "../storage/layeredStorage.ts";
import type { Archive, Storage } from "../storage/port.ts";
import type { OpenS3 } from "../storage/s3/openS3.ts";

export interface OpenStorage {
  /** Finished files. */
  storage: Storage;
  /** Where captures are archived; undefined without a bucket. */
  archive: Archive | undefined;
}

/** Where finished files are kept: the data folder, or a bucket with what the folder already has. */
export async function openStorage(
  config: Config,
  db: Database,
  log: Log,
  lifetime: Lifetime,
): Promise<OpenStorage> {
  const files = createFileStorage(config.dataDir);
  const store = await openStore(config, db, log);
  if (!store) return { storage: files, archive: undefined };
  lifetime.add("store", async () => store.close());
  return { storage: createLayeredStorage(files, store.storage), archive: store.storage };
}

/**
 * The configured bucket, tried out; undefined when there is none.
 * @throws StoreCheckError in one line that names the setting
 */
export async function openStore(
  config: Config,
  db: Database,
  log: Log,
): Promise<OpenS3 | undefined> {
  const { s3Bucket: bucket, s3AccessKey: accessKey, s3SecretKey: secretKey } = config;
  if (bucket === undefined || accessKey === undefined || secretKey === undefined) return undefined;
  // The client is not loaded where it is not used.
  const { openS3 } = await import("../storage/s3/openS3.ts");
  const settings = {
    bucket,
    endpoint: config.s3Endpoint,
    region: config.s3Region,
    accessKey,
    secretKey,
    prefix: config.s3Prefix ?? "",
    forcePathStyle: config.s3ForcePathStyle ?? config.s3Endpoint !== undefined,
  };
  return openS3(settings, databaseLedger(db), log);
}
