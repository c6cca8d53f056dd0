import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFileStorage } from "./file/fileStorage.ts";
import { createLayeredStorage } from "./layeredStorage.ts";
import type { Storage } from "./port.ts";

const key = "recordings/r1/f.mp4";
let root: string;
let earlier: Storage;
let store: Storage;
let storage: Storage;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "connvo-layered-"));
  earlier = createFileStorage(path.join(root, "earlier"));
  store = createFileStorage(path.join(root, "store"));
  storage = createLayeredStorage(earlier, store);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(where: Storage, content: string, name = key) {
  const source = path.join(root, "made.part");
  await writeFile(source, content);
  await where.putFile(name, source);
}

it("reads what was there before, and what is stored now", async () => {
  await put(earlier, "before");
  await put(store, "now", "recordings/r2/f.mp4");
  expect(await text(await storage.read(key, { start: 0, end: 2 }))).toBe("bef");
  expect(await text(await storage.read("recordings/r2/f.mp4"))).toBe("now");
  expect((await storage.stat(key))?.sizeBytes).toBe(6);
  expect((await storage.stat("recordings/r2/f.mp4"))?.sizeBytes).toBe(3);
  expect(await storage.stat("recordings/r3/f.mp4")).toBeUndefined();
  await expect(storage.read("recordings/r3/f.mp4")).rejects.toMatchObject({ code: "ENOENT" });
});

it("stores in the new place only, and lets nothing older shadow it", async () => {
  await put(earlier, "before");
  await put(storage, "now");
  expect(await earlier.stat(key)).toBeUndefined();
  expect(await text(await storage.read(key))).toBe("now");
});

it("deletes and lists in both places", async () => {
  await put(earlier, "before");
  await put(store, "now");
  const keys: string[] = [];
  for await (const object of storage.list()) keys.push(object.key);
  expect(keys).toEqual([key, key]);
  await storage.delete(key);
  expect(await storage.stat(key)).toBeUndefined();
});

it("abandons uploads in both places", async () => {
  const counting = (count: number): Storage => ({ ...store, abandonUploads: async () => count });
  expect(await createLayeredStorage(counting(2), counting(3)).abandonUploads(1)).toBe(5);
});
