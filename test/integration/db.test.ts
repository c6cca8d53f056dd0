import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { openDatabase } from "../../src/db/pool.ts";
import { statement } from "../../src/db/port.ts";
import { type TestDatabase, testDatabase } from "./support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const now = statement<{ now: number }>("test.now", "SELECT app_now() AS now");

describe("a test database", () => {
  it("is migrated and its time can be moved", async () => {
    const { db } = database;
    const before = await db.read((tx) => tx.first(now));
    await database.advanceTime(3_600_000);
    const after = await db.read((tx) => tx.first(now));
    expect((after?.now ?? 0) - (before?.now ?? 0)).toBeGreaterThanOrEqual(3_600_000);
  });

  it("is reachable by url", async () => {
    const { url, db } = database;
    const named = statement<{ name: string }>("test.database", "SELECT current_database() AS name");
    const other = await openDatabase({
      connection: url,
      poolSize: 2,
      namedStatements: true,
      log: silentLog,
    });
    const [here, there] = await Promise.all(
      [db, other].map((each) => each.read((tx) => tx.first(named))),
    );
    expect(there).toEqual(here);
    await other.close();
  });
});
