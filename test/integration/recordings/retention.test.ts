import { afterAll, beforeAll, expect, it } from "vitest";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const count = async (table: string) =>
  (await test.sql<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;

it("removes old commits and counted calls in batches, and keeps what is young", async () => {
  await test.sql(
    `INSERT INTO commit_log (id, keys, at)
     SELECT 'old' || n, '{}', app_now() - interval '2 hours' FROM generate_series(1, 1500) n`,
  );
  await test.sql(`INSERT INTO commit_log (id, keys) VALUES ('young', '{}')`);
  await test.sql(
    `INSERT INTO limited_calls VALUES ('u', 'x', app_now() - interval '1 hour'), ('u', 'x', app_now())`,
  );
  expect(await removeOldRows(test.db)).toBe(1000);
  expect(await removeOldRows(test.db)).toBe(500);
  expect(await removeOldRows(test.db)).toBe(0);
  expect(await count("commit_log")).toBe(1);
  expect(await count("limited_calls")).toBe(1);
});
