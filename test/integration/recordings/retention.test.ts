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

it("removes old commits, counted calls and webhooks in batches, and keeps what is young", async () => {
  await test.sql(
    `INSERT INTO commit_log (id, keys, at)
     SELECT 'old' || n, '{}', app_now() - interval '2 hours' FROM generate_series(1, 1500) n`,
  );
  await test.sql(`INSERT INTO commit_log (id, keys) VALUES ('young', '{}')`);
  await test.sql(
    `INSERT INTO limited_calls VALUES ('u', 'x', app_now() - interval '1 hour'), ('u', 'x', app_now())`,
  );
  await test.sql(
    `INSERT INTO webhook_endpoints (id, org_id, url, secret) VALUES ('e', 'o', 'https://h', 's')`,
  );
  await test.sql(
    `INSERT INTO webhook_events (id, org_id, type, sequence, data, created_at)
     VALUES ('old', 'o', 't', 1, '{}', app_now() - interval '31 days'),
       ('young', 'o', 't', 2, '{}', app_now() - interval '29 days')`,
  );
  await test.sql(
    `INSERT INTO webhook_deliveries (endpoint_id, event_id, state)
     VALUES ('e', 'old', 'delivered'), ('e', 'young', 'delivered')`,
  );
  expect(await removeOldRows(test.db)).toBe(1000);
  expect(await removeOldRows(test.db)).toBe(500);
  expect(await removeOldRows(test.db)).toBe(0);
  expect(await count("commit_log")).toBe(1);
  expect(await count("limited_calls")).toBe(1);
  expect(await count("webhook_events")).toBe(1);
  expect(await test.sql("SELECT event_id FROM webhook_deliveries")).toEqual([
    { event_id: "young" },
  ]);
});
