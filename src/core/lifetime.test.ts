import { expect, it } from "vitest";
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
