import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Log, silentLog } from "../../../src/core/log.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { migrationsFolder } from "../../../src/db/migrationsFolder.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { type DataKey, statement } from "../../../src/db/port.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type PgBouncer, startPgBouncer } from "../../support/pgBouncer.ts";
import { isInstalled } from "../../support/programs.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

takeTime();

/** Without PgBouncer the suite is reported as not run, which in CI is a failure. */
describe("behind PgBouncer in transaction mode", () => {
  if (isInstalled("pgbouncer")) return suite();
  process.stderr.write("NOT RUN: behind PgBouncer, which is not installed\n");
  it("NOT RUN: PgBouncer is not installed", () => {
    if (process.env["CI"] === "true") throw new Error("CI must have pgbouncer");
  });
});

const insert = statement("pooler.insert", "INSERT INTO pooled (n) VALUES ($1)");
const count = statement<{ count: number }>(
  "pooler.count",
  "SELECT count(*)::int AS count FROM pooled",
);
const isolation = statement<{ level: string; readOnly: string; limit: string }>(
  "pooler.isolation",
  `SELECT current_setting('transaction_isolation') AS level,
     current_setting('transaction_read_only') AS "readOnly", current_setting('statement_timeout') AS "limit"`,
);

function suite(): void {
  let test: TestDatabase;
  let pooler: PgBouncer;
  let url: string;
  beforeAll(async () => {
    test = await testDatabase();
    await test.sql("CREATE TABLE pooled (n int PRIMARY KEY)");
    pooler = await startPgBouncer(test.connection);
    url = pooler.url(test.connection.database);
  });
  afterAll(async () => {
    await pooler.stop();
    await test.close();
  });

  async function node({ direct, log = silentLog }: { direct?: string; log?: Log } = {}) {
    const db = await openDatabase({
      ...{ connection: url, poolSize: 16, namedStatements: false, log },
      ...(direct === undefined ? {} : { direct }),
    });
    onTestFinished(() => db.close());
    return db;
  }

  it("more sessions than it has connections read snapshots and write", async () => {
    const nodes = [await node(), await node()];
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(
      numbers.map(async (n) => {
        const db = nodes[n % 2];
        await db?.transaction((tx) => tx.run(insert, [n]));
        const seen = await db?.read(async (tx) => {
          const [first] = await tx.all(count);
          const [again] = await tx.all(count);
          return [first?.count, again?.count];
        });
        expect(seen?.[0]).toBe(seen?.[1]);
      }),
    );
    expect(await nodes[0]?.read((tx) => tx.first(count))).toEqual({ count: 200 });
  });

  it("each transaction has its limits, and leaves nothing of them to others", async () => {
    const db = await node();
    expect(await db.read((tx) => tx.first(isolation))).toEqual({
      ...{ level: "repeatable read", readOnly: "on", limit: "15s" },
    });
    expect(await db.transaction((tx) => tx.first(isolation))).toEqual({
      ...{ level: "read committed", readOnly: "off", limit: "15s" },
    });
    const other = new pg.Client(url);
    await other.connect();
    onTestFinished(() => other.end());
    const { rows } = await other.query("SHOW statement_timeout");
    expect(rows).toEqual([{ statement_timeout: "0" }]);
  });

  it("nodes that migrate through it one after another leave no lock behind", async () => {
    const once = () => migrate({ connection: url, folder: migrationsFolder(), log: silentLog });
    expect(await Promise.all([once(), once(), once()])).toEqual([[], [], []]);
    expect(await once()).toEqual([]);
    const held = await test.sql(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(held).toEqual([]);
  });

  it("commits are heard at once with the direct address", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_: object, text: string) => warnings.push(text) };
    const db = await node({ direct: test.url, log });
    const heard: DataKey[] = [];
    const stop = await db.listen((keys) => heard.push(...keys));
    onTestFinished(stop);
    await db.transaction(async (tx) => tx.writes("meeting:pooled"));
    await vi.waitFor(() => expect(heard).toContain("meeting:pooled"), patience);
    expect(warnings).toEqual([]);
  });

  it("says what to set where they are never heard", async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_: object, text: string) => warnings.push(text) };
    const db = await node({ log });
    const stop = await db.listen(() => undefined);
    onTestFinished(stop);
    await vi.waitFor(() => expect(warnings.join()).toContain("DATABASE_DIRECT_URL"), patience);
  });
}
