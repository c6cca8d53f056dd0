import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFileStorage } from "./fileStorage.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "connvo-storage-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(content: string) {
  const source = path.join(root, "made.part");
  await writeFile(source, content);
  const storage = createFileStorage(root);
  return { storage, source, stored: await storage.putFile("recordings/r1/f.mp4", source) };
}

it("stores a file under its key, tells size and hash, and takes the source away", async () => {
  const { storage, source, stored } = await put("hello");
  expect(stored).toEqual({
    sizeBytes: 5,
    sha256: createHash("sha256").update("hello").digest("hex"),
  });
  await expect(stat(source)).rejects.toThrow("ENOENT");
  expect(await text(await storage.read("recordings/r1/f.mp4"))).toBe("hello");
});

it("replaces what was stored before", async () => {
  await put("first");
  const { storage } = await put("second");
  expect(await text(await storage.read("recordings/r1/f.mp4"))).toBe("second");
});

it.runIf(existsSync("/dev/shm"))("moves a file over from another file system", async () => {
  const elsewhere = await mkdtemp("/dev/shm/connvo-storage-");
  const source = path.join(elsewhere, "made.part");
  await writeFile(source, "moved");
  const storage = createFileStorage(root);
  await storage.putFile("recordings/r1/f.mp4", source);
  expect(await text(await storage.read("recordings/r1/f.mp4"))).toBe("moved");
  expect(await readdir(elsewhere)).toEqual([]);
  await rm(elsewhere, { recursive: true });
});

it("reads an inclusive byte range", async () => {
  const { storage } = await put("0123456789");
  expect(await text(await storage.read("recordings/r1/f.mp4", { start: 2, end: 4 }))).toBe("234");
});

it("knows what is absent, and deleting that is fine", async () => {
  const storage = createFileStorage(root);
  expect(await storage.stat("recordings/none.mp4")).toBeUndefined();
  await expect(storage.read("recordings/none.mp4")).rejects.toThrow("ENOENT");
  await storage.delete("recordings/none.mp4");
});

it.each(["../escape", "a/../../b", "/etc/passwd", "a//b", "", ".hidden", "a/b\0c", "a\\b"])(
  "refuses %j as a key",
  async (key) => {
    await expect(async () => createFileStorage(root).stat(key)).rejects.toThrow(
      "not a storage key",
    );
  },
);
