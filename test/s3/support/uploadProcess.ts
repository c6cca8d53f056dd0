/** A process that stores one file, and stands still where it is told to. */
import { silentLog } from "../../../src/core/log.ts";
import type { SocketConnection } from "../../../src/db/embedded/start.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { databaseLedger } from "../../../src/storage/databaseLedger.ts";
import { createS3Client, type S3Settings } from "../../../src/storage/s3/client.ts";
import { createS3Storage } from "../../../src/storage/s3/s3Storage.ts";

export interface UploadRequest {
  settings: S3Settings;
  connection: SocketConnection;
  key: string;
  file: string;
  partBytes: number;
  /** Stands still, and says so, once this has been written into the ledger. */
  haltAfter?: "begin" | "end" | undefined;
}

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(request: UploadRequest): Promise<void> {
  const { settings, connection, key, file, partBytes, haltAfter } = request;
  const pool = { connection, poolSize: 2, namedStatements: true, log: silentLog };
  const ledger = databaseLedger(await openDatabase(pool));
  const halt = async (step: string) => {
    if (step !== haltAfter) return;
    report({ event: "halted" });
    await new Promise(() => undefined);
  };
  const { bucket, prefix } = settings;
  const storage = createS3Storage({
    ...{ client: createS3Client(settings), bucket, prefix, partBytes },
    ledger: {
      ...ledger,
      begin: async (...args) => {
        await ledger.begin(...args);
        await halt("begin");
      },
      end: async (...args) => {
        await ledger.end(...args);
        await halt("end");
      },
    },
  });
  report({ event: "stored", ...(await storage.putFile(key, file)) });
  process.exit();
}

main(JSON.parse(process.argv[2] ?? "{}") as UploadRequest).catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
