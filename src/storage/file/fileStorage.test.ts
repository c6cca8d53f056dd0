import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
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

async function lay(name: string, content = "x"): Promise<string> {
  const file = path.join(root, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function listed(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of createFileStorage(root).list()) keys.push(key);
  return keys;
}

it("lists stored files, and neither captures nor copies that are not whole", async () => {
  expect(await listed()).toEqual([]);
  await put("hello");
  await lay("recordings/r1/capture/events.jsonl");
  await lay("recordings/r1/g.mp4.part");
  await lay("recordings/.hidden/f.mp4");
  await lay("recordings/notes.txt");
  await lay("keys/adminKey");
  expect(await listed()).toEqual(["recordings/r1/f.mp4"]);
  for await (const object of createFileStorage(root).list())
    expect(object).toMatchObject({ sizeBytes: 5, modifiedAt: expect.any(Number) });
});

it("removes copies that were begun long ago and are not whole", async () => {
  const { storage } = await put("hello");
  const old = await lay("recordings/r1/old.mp4.part");
  await lay("recordings/r2/young.mp4.part");
  const capture = await lay("recordings/r1/capture/track.part");
  const longAgo = new Date(Date.now() - 7_200_000);
  for (const file of [old, capture, path.join(root, "recordings/r1/f.mp4")])
    await utimes(file, longAgo, longAgo);
  expect(await storage.abandonUploads(3_600_000)).toBe(1);
  expect(existsSync(old)).toBe(false);
  expect(existsSync(capture)).toBe(true);
  expect(await readdir(path.join(root, "recordings/r2"))).toEqual(["young.mp4.part"]);
  expect(await listed()).toEqual(["recordings/r1/f.mp4"]);
});

it("copies a file, knows it by its hash, and removes its folder", async () => {
  const storage = createFileStorage(root);
  const source = path.join(root, "track0001.webm");
  await writeFile(source, "captured");
  const key = "captures/r1/track0001.webm";
  const stored = await storage.copyFile(key, source);
  expect(await storage.holds(key, stored)).toBe(true);
  expect(await storage.holds(key, { ...stored, sha256: "00" })).toBe(false);
  expect(await storage.holds("captures/r2/x", stored)).toBe(false);
  expect((await stat(source)).size).toBe(8);
  const keys = async (folder: string) => {
    const all: string[] = [];
    for await (const found of storage.listFolder(folder)) all.push(found.key);
    return all;
  };
  expect(await keys("captures")).toEqual([key]);
  expect(await keys("captures/r1")).toEqual([key]);
  expect(await keys("captures/r2")).toEqual([]);
  await storage.removeFolder("captures/r1");
  expect(await keys("captures")).toEqual([]);
});
