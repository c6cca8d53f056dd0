/** A server process as far as the database is concerned: starts or adopts PostgreSQL, migrates, writes. */
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { type EmbeddedOptions, startEmbeddedPostgres } from "../../../src/db/embedded/start.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { statement } from "../../../src/db/port.ts";

export interface NodeRequest {
  dataDir: string;
  /** Folder of migrations to apply first. */
  migrations?: string;
  /** Entry file of the platform package, where it is not the project's. */
  packageEntry?: string;
  /** Writers that add rows to `ledger` until killed, reporting each acknowledged id. */
  writers?: number;
}

const insert = statement("test.insert", "INSERT INTO ledger (id) VALUES ($1)");

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(request: NodeRequest): Promise<void> {
  const { dataDir, migrations, packageEntry, writers = 0 } = request;
  const options: EmbeddedOptions = { dataDir, log: silentLog, clock: systemClock };
  const postgres = await startEmbeddedPostgres(
    packageEntry === undefined ? options : { ...options, resolvePackage: () => packageEntry },
  );
  const { connection } = postgres;
  // Before the first report: whoever reads it may ask for the end at once.
  process.once("SIGTERM", async () => {
    await postgres.stop();
    process.exit(0);
  });
  if (migrations !== undefined) {
    const applied = await migrate({ connection, folder: migrations, log: silentLog });
    report({ event: "migrated", applied });
  }
  report({ event: "up", adopted: postgres.adopted, pid: postgres.pid, connection });
  const pool = { connection, poolSize: writers + 1, namedStatements: true, log: silentLog };
  if (writers > 0) await write(await openDatabase(pool), writers);
}

async function write(db: Awaited<ReturnType<typeof openDatabase>>, writers: number): Promise<void> {
  const one = async (writer: number) => {
    for (let count = 0; ; count++) {
      const id = `${process.pid}-${writer}-${count}`;
      const stored = await db.transaction((tx) => tx.run(insert, [id])).catch(() => 0);
      if (stored === 1) report({ event: "stored", id });
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => one(writer)));
}

main(JSON.parse(process.argv[2] ?? "{}") as NodeRequest).catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
