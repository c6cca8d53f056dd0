import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { migrate, readMigrations } from "../../../src/db/migrate.ts";
import { migrationsFolder } from "../../../src/db/migrationsFolder.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { bundleProgram, NodeProcess, type Program } from "../support/nodeProcess.ts";
import { killPostgres } from "../support/postgresProcesses.ts";

takeTime();

let program: Program;
let database: TestDatabase;
beforeAll(async () => {
  program = await bundleProgram("databaseNode.ts");
  database = await testDatabase();
  await database.sql("DROP SCHEMA public CASCADE");
});
afterAll(async () => {
  await database.close();
  await program.remove();
});

/** A folder of migrations, and an empty schema to apply them to. */
async function migrationFolder(files: Record<string, string>): Promise<string> {
  await database.sql("DROP SCHEMA IF EXISTS public CASCADE");
  await database.sql("CREATE SCHEMA public");
  const folder = await scratchFolder("connvo-migrations-");
  await add(folder, files);
  return folder;
}

async function add(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(files)) await writeFile(path.join(folder, name), sql);
}

const apply = (folder: string) =>
  migrate({ connection: database.connection, folder, log: silentLog });

const first = { "0001-create-things.sql": "CREATE TABLE a (id int); CREATE TABLE b (id int);" };
const second = { "0002-fill-things.sql": "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);" };

describe("migrate", () => {
  it("applies each migration once, in order", async () => {
    const folder = await migrationFolder(first);
    expect(await apply(folder)).toEqual(["0001-create-things"]);
    await add(folder, second);
    expect(await apply(folder)).toEqual(["0002-fill-things"]);
    expect(await apply(folder)).toEqual([]);
    expect(await database.sql("SELECT id FROM b")).toEqual([{ id: 1 }]);
  });

  it("refuses a migration that was changed after it had been applied", async () => {
    const folder = await migrationFolder(first);
    await apply(folder);
    await add(folder, { "0001-create-things.sql": "CREATE TABLE a (id text);" });
    await expect(apply(folder)).rejects.toThrow(/0001-create-things was changed/);
  });

  it("refuses a database that is newer than this version", async () => {
    const folder = await migrationFolder({ ...first, ...second });
    await apply(folder);
    await rm(path.join(folder, "0002-fill-things.sql"));
    await expect(apply(folder)).rejects.toThrow(/0002-fill-things.*newer version/);
  });

  it("leaves a failing migration out entirely and those before it in", async () => {
    const broken = { "0002-break-things.sql": "INSERT INTO a VALUES (1); SELECT nonsense;" };
    const folder = await migrationFolder({ ...first, ...broken });
    await expect(apply(folder)).rejects.toThrow(/0002-break-things failed.*nonsense/);
    expect(await database.sql("SELECT id FROM a")).toEqual([]);
    await rm(path.join(folder, "0002-break-things.sql"));
    await add(folder, second);
    expect(await apply(folder)).toEqual(["0002-fill-things"]);
  });

  it("refuses names that are not NNNN-verb-noun.sql, and gaps", async () => {
    await expect(apply(await migrationFolder({ "1-x.sql": "" }))).rejects.toThrow(/NNNN-verb-noun/);
    const gap = await migrationFolder({ ...first, "0003-fill-things.sql": "" });
    await expect(apply(gap)).rejects.toThrow(/expected number 0002/);
  });

  it("succeeds on three nodes that start at once on nothing at all", async () => {
    const folder = await scratchFolder("connvo-nodes-");
    const dataDir = path.join(folder, "postgres");
    const request = { dataDir, migrations: migrationsFolder() };
    const nodes = [1, 2, 3].map(() => new NodeProcess(program, request));
    onTestFinished(async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await killPostgres(dataDir);
    });
    const reports = await Promise.all(nodes.map((node) => node.event("migrated")));
    const names = (await readMigrations(migrationsFolder())).map((migration) => migration.name);
    // Each by whichever node was next.
    expect(reports.flatMap((report) => report["applied"]).sort()).toEqual(names);
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0, 0]);
  });
});
