import { afterAll, beforeAll, expect, it } from "vitest";
import { databaseLedger } from "../../../src/storage/databaseLedger.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

it("knows the last upload of a key until it is over", async () => {
  const ledger = databaseLedger(test.db);
  expect(await ledger.find("a")).toBeUndefined();
  await ledger.begin("a", { uploadId: "1", sha256: "x" });
  await ledger.begin("a", { uploadId: "2", sha256: "y" });
  await ledger.begin("b", { uploadId: "3", sha256: "z" });
  expect(await databaseLedger(test.db).find("a")).toEqual({ uploadId: "2", sha256: "y" });
  await ledger.end("a");
  await ledger.end("a");
  expect(await ledger.find("a")).toBeUndefined();
  expect(await ledger.find("b")).toMatchObject({ uploadId: "3" });
});

it("forgets what was begun long ago, counted from the last beginning", async () => {
  const ledger = databaseLedger(test.db);
  for (const key of ["old", "again"]) await ledger.begin(key, { uploadId: "1", sha256: "x" });
  await test.advanceTime(3_600_000);
  await ledger.begin("again", { uploadId: "2", sha256: "x" });
  await ledger.forget(1_800_000);
  expect(await ledger.find("old")).toBeUndefined();
  expect(await ledger.find("again")).toMatchObject({ uploadId: "2" });
});
