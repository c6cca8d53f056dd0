import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { backUp } from "../../../src/db/backup/backup.ts";
import { restore } from "../../../src/db/backup/restore.ts";
import { startEmbeddedPostgres } from "../../../src/db/embedded/start.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { migrationsFolder } from "../../../src/db/migrationsFolder.ts";
import { openDatabase } from "../../../src/db/pool.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { bundleProgram } from "../support/nodeProcess.ts";

takeTime();

const run = promisify(execFile);
const migrations = migrationsFolder();

let folder: string;
let source: TestDatabase;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "connvo-backup-"));
  source = await testDatabase();
  await fill(source);
  await source.closePool();
  file = path.join(folder, "one.backup");
  await backUp({ connection: source.connection, file, clock: systemClock });
});
afterAll(async () => {
  await source.close();
  await rm(folder, { recursive: true, force: true });
});

/** Rows with everything that is hard to carry: NULL, quotes, backslashes, JSON, arrays, microseconds, infinity. */
async function fill({ sql }: TestDatabase): Promise<void> {
  await sql(`INSERT INTO users (id, issuer, subject, email, display_name, created_at)
    SELECT 'user_' || n, 'https://issuer', 's' || n, 'e', E'Zoë \\\\ "\\'\\t\\n 🎥 ' || n,
           '2026-01-02 03:04:05.678901+00'::timestamptz + n * interval '1 microsecond'
      FROM generate_series(1, 3000) n`);
  await sql(`INSERT INTO meetings (id, organizer_id, title, duration_ms, tier, recording_permitted,
      transcription_enabled, max_participants)
    SELECT 'meeting_' || n, 'user_' || n, repeat('x', 20000), 9007199254740991, 'paid', true, false, 2
      FROM generate_series(1, 20) n`);
  await sql(`INSERT INTO meeting_events (id, meeting_id, type, data, at)
    VALUES ('event_1', 'meeting_1', 't', '{"a": [1, null, "\\u00e9"], "n": 1.50}', 'infinity')`);
  await sql(
    `INSERT INTO webhook_endpoints (id, org_id, url, secret, event_types)
     VALUES ('endpoint_1', 'org_1', 'https://a.example', 's', ARRAY['user:a"b', 'user:\\', ''])`,
  );
}

/** All rows of all tables that are copied, as text, to compare databases by. */
async function contents({ sql }: TestDatabase): Promise<Record<string, string[]>> {
  const tables = await sql<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('schema_migrations', 'commit_log') ORDER BY 1",
  );
  const rows: Record<string, string[]> = {};
  for (const { name } of tables)
    rows[name] = (
      await sql<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`)
    ).map(({ row }) => row);
  return rows;
}

/** An empty database that nothing but the test uses. */
async function emptyDatabase(): Promise<TestDatabase> {
  const database = await testDatabase();
  await database.closePool();
  onTestFinished(() => database.close());
  return database;
}

const restoreInto = (to: TestDatabase, from = file, force = false) =>
  restore({ connection: to.connection, file: from, migrations, force });

describe("backup and restore", () => {
  it("brings back every row of every table exactly", async () => {
    const target = await emptyDatabase();
    const tables = await restoreInto(target);
    expect(tables.find((table) => table.name === "users")?.rows).toBe(3000);
    expect(await contents(target)).toEqual(await contents(source));
  });

  it("takes one moment of a database that is being written to", async () => {
    const live = await testDatabase();
    onTestFinished(() => live.close());
    await live.sql("CREATE TABLE pairs (id int PRIMARY KEY, half int)");
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 2)
        await live.sql("INSERT INTO pairs VALUES ($1, 1), ($1 + 1, 2)", [n]);
    })();
    const written = async () => {
      const [row] = await live.sql<{ n: number }>("SELECT count(*)::int AS n FROM pairs");
      return row?.n ?? 0;
    };
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(100), patience);
    const copy = path.join(folder, "live.backup");
    const tables = await backUp({ connection: live.connection, file: copy, clock: systemClock });
    const rows = tables.find((table) => table.name === "pairs")?.rows ?? 0;
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(rows), patience);
    writing = false;
    await writer;
    expect(rows).toBeGreaterThan(100);
    expect(rows % 2).toBe(0);
  });

  it("refuses a database that holds something, unless told to replace it", async () => {
    const target = await emptyDatabase();
    await target.sql(
      "INSERT INTO users (id, issuer, subject, email) VALUES ('mine', 'i', 's', 'e')",
    );
    await expect(restoreInto(target)).rejects.toThrow(/not empty.*--force/);
    expect(await target.sql("SELECT id FROM users")).toEqual([{ id: "mine" }]);
    await restoreInto(target, file, true);
    expect(await contents(target)).toEqual(await contents(source));
  });

  it("refuses a database that a server is using, or that is not ours", async () => {
    const target = await emptyDatabase();
    const { connection } = target;
    const server = await openDatabase({
      connection,
      poolSize: 1,
      namedStatements: true,
      log: silentLog,
    });
    await expect(restoreInto(target, file, true)).rejects.toThrow(/stop it first/);
    await server.close();
    await target.closePool();
    await target.sql("DROP TABLE schema_migrations");
    await expect(restoreInto(target, file, true)).rejects.toThrow(/not Connvo's/);
  });

  it("refuses what is not a whole backup and leaves the database untouched", async () => {
    const target = await emptyDatabase();
    const whole = await readFile(file);
    const raw = gunzipSync(whole);
    const flipped = Buffer.from(raw);
    const place = raw.indexOf("https://issuer");
    flipped[place] = (flipped[place] ?? 0) ^ 1;
    const newer = Buffer.from(
      raw.toString("latin1").replace('"version":1', '"version":2'),
      "latin1",
    );
    const cases: [Buffer, RegExp][] = [
      [whole.subarray(0, whole.length - 9), /cut off/],
      [whole.subarray(0, whole.length >> 1), /cut off/],
      [gzipSync(raw.subarray(0, raw.length - 40)), /cut off/],
      [gzipSync(flipped), /damaged/],
      [gzipSync(Buffer.concat([raw, Buffer.from("more")])), /damaged/],
      [Buffer.from("not a backup at all"), /not a Connvo backup/],
      [gzipSync("not a backup at all either"), /not a Connvo backup/],
      [gzipSync(newer), /newer version/],
      [Buffer.alloc(0), /cut off/],
    ];
    const bad = path.join(folder, "bad.backup");
    for (const [bytes, reason] of cases) {
      await writeFile(bad, bytes);
      await expect(restoreInto(target, bad, true)).rejects.toThrow(reason);
    }
    await expect(restoreInto(target, path.join(folder, "absent"))).rejects.toThrow(/ENOENT/);
    expect(await target.sql("SELECT count(*)::int AS n FROM users")).toEqual([{ n: 0 }]);
  });

  it("refuses a backup with a migration this version does not know", async () => {
    const target = await emptyDatabase();
    const older = path.join(folder, "older-migrations");
    await cp(migrations, older, { recursive: true });
    const [last] = (await readdir(older)).sort().reverse();
    await writeFile(path.join(older, last ?? ""), "SELECT 1");
    const attempt = restore({
      connection: target.connection,
      file,
      migrations: older,
      force: true,
    });
    await expect(attempt).rejects.toThrow(/newer or different version/);
  });

  it("brings a backup of an older version up to this one", async () => {
    const target = await emptyDatabase();
    const later = path.join(folder, "later-migrations");
    await cp(migrations, later, { recursive: true });
    const number = String((await readdir(later)).length + 1).padStart(4, "0");
    const added = `${number}-add-nickname.sql`;
    await writeFile(path.join(later, added), "ALTER TABLE users ADD nickname text DEFAULT 'none'");
    await restore({ connection: target.connection, file, migrations: later, force: false });
    expect(await target.sql("SELECT nickname FROM users LIMIT 1")).toEqual([{ nickname: "none" }]);
    expect(await migrate({ connection: target.connection, folder: later, log: silentLog })).toEqual(
      [],
    );
  });

  it("leaves nothing behind when it fails", async () => {
    const beside = path.join(folder, "failing");
    await rm(beside, { recursive: true, force: true });
    const attempt = backUp({
      connection: { ...source.connection, database: "postgres" },
      file: beside,
      clock: systemClock,
    });
    await expect(attempt).rejects.toThrow(/nothing to back up/);
    expect((await readdir(folder)).filter((name) => name.startsWith("failing"))).toEqual([]);
  });
});

describe("the backup and restore commands", () => {
  it("carry an embedded database into another data folder", async () => {
    const programs = await Promise.all(
      ["backup", "restore"].map((name) => bundleProgram(`../../../src/cli/${name}.ts`)),
    );
    const [backup, restored] = programs.map((program) => (...args: string[]) => {
      const [dataDir = "", ...rest] = args;
      const env = { PATH: process.env["PATH"], TMPDIR: os.tmpdir(), CONNVO_DATA_DIR: dataDir };
      return run(process.execPath, [program.file, ...rest], { env });
    });
    onTestFinished(async () => {
      await Promise.all(programs.map((program) => program.remove()));
    });
    const [from, to] = [path.join(folder, "data-a"), path.join(folder, "data-b")];
    const copy = path.join(folder, "cli.backup");
    await expect(backup?.(from, copy)).rejects.toThrow(/There is no database in/);

    const dataDir = path.join(from, "postgres");
    const live = await startEmbeddedPostgres({ dataDir, log: silentLog, clock: systemClock });
    await migrate({ connection: live.connection, folder: migrations, log: silentLog });
    expect((await backup?.(from, copy))?.stdout).toMatch(
      /\d+ rows in \d+ tables[\s\S]*Recordings are files/,
    );
    await live.stop();

    expect((await restored?.(to, copy))?.stdout).toMatch(/Restored \d+ rows/);
    await expect(restored?.(to, path.join(folder, "absent"))).rejects.toThrow(/ENOENT/);
  });
});
