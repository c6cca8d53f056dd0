import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireLock, lockHolder } from "./instanceLock.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "connvo-lock-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** The lock of a process that is dead. */
async function abandoned(number: number): Promise<void> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  await writeFile(
    join(dir, `lock.${number}`),
    JSON.stringify({ pid: child.pid, started: "1@x", booted: 1 }),
  );
}

test("one of many at once has it", async () => {
  const locks = await Promise.all(Array.from({ length: 20 }, () => acquireLock(dir)));
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  expect((await lockHolder(dir))?.pid).toBe(process.pid);
});

test("one of many at once takes over from the dead", async () => {
  await abandoned(7);
  const locks = await Promise.all(Array.from({ length: 20 }, () => acquireLock(dir)));
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  expect(await readdir(dir)).toEqual(["lock.8"]);
});

test("released, it is free", async () => {
  const lock = await acquireLock(dir);
  expect(await acquireLock(dir)).toBeUndefined();
  await lock?.release();
  expect(await lockHolder(dir)).toBeUndefined();
  expect(await acquireLock(dir)).toBeDefined();
});

test.skipIf(process.platform !== "linux")(
  "a later process with the same id does not hold it",
  async () => {
    await writeFile(
      join(dir, "lock.1"),
      JSON.stringify({ pid: process.pid, started: "1@another boot", booted: 1 }),
    );
    expect(await acquireLock(dir)).toBeDefined();
  },
);

test("a damaged lock holds nothing", async () => {
  await writeFile(join(dir, "lock.1"), "{");
  expect(await acquireLock(dir)).toBeDefined();
});
