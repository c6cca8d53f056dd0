import { expect, it } from "vitest";
import type { Clock } from "./clock.ts";
import { Lifetime } from "./lifetime.ts";
import { silentLog } from "./log.ts";

it("closes the latest first, and the rest also when one fails", async () => {
  const closed: string[] = [];
  const lifetime = new Lifetime(silentLog);
  lifetime.add("database", async () => closed.push("database"));
  lifetime.add("video", async () => {
    throw new Error("stuck");
  });
  lifetime.add("http", async () => closed.push("http"));
  await lifetime.close();
  expect(closed).toEqual(["http", "database"]);
});

it("closes everything once", async () => {
  let count = 0;
  const lifetime = new Lifetime(silentLog);
  lifetime.add("one", async () => count++);
  await lifetime.close();
  await lifetime.close();
  expect(count).toBe(1);
});

it("waits for what takes long, until there is hurry", async () => {
  const closed: string[] = [];
  const hurry = new AbortController();
  const clock: Clock = { now: () => 0, sleep: async () => undefined };
  const lifetime = new Lifetime(silentLog, clock);
  lifetime.add("database", async () => closed.push("database"));
  lifetime.add("stuck", () => new Promise(() => undefined));
  const closing = lifetime.close(hurry.signal);
  await new Promise(setImmediate);
  expect(closed).toEqual([]);
  hurry.abort();
  await closing;
  expect(closed).toEqual(["database"]);
});
