import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { buffer, text } from "node:stream/consumers";
import { CreateMultipartUploadCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { ListedObject, Storage } from "../../src/storage/port.ts";
import { takeTime } from "../support/patience.ts";
import {
  contentsOf,
  hasStore,
  memoryLedger,
  newBucket,
  openStore,
  partBytes,
  randomFile,
} from "./support/store.ts";

takeTime();

const key = "recordings/r1/f.mp4";
let bucket: string;
let ledger: ReturnType<typeof memoryLedger>;
let client: S3Client;
let storage: Storage;

async function listed(objects: AsyncIterable<ListedObject> = storage.list()) {
  const all: ListedObject[] = [];
  for await (const object of objects) all.push(object);
  return all;
}

describe.runIf(hasStore)("files in S3", () => {
  beforeEach(async () => {
    bucket = await newBucket();
    ledger = memoryLedger();
    ({ client, storage } = openStore(bucket, ledger));
  });

  it.each([
    ["a small file", 5],
    ["no bytes", 0],
    ["one part exactly", partBytes],
    ["three parts", 2 * partBytes + 1],
  ])("stores %s, tells size and hash, and takes the source away", async (_, sizeBytes) => {
    const { file, content, sha256 } = await randomFile(sizeBytes);
    expect(await storage.putFile(key, file)).toEqual({ sizeBytes, sha256 });
    expect(existsSync(file)).toBe(false);
    expect((await storage.stat(key))?.sizeBytes).toBe(sizeBytes);
    expect((await buffer(await storage.read(key))).equals(content)).toBe(true);
    expect(await contentsOf(client, bucket)).toEqual({ keys: [`connvo/${key}`], uploads: 0 });
    expect(ledger.entries.size).toBe(0);
  });

  it("stores a file beyond 16 MiB with the parts it makes by itself", async () => {
    ({ client, storage } = openStore(bucket, ledger, { partBytes: 16 << 20 }));
    const { file, content } = await randomFile((16 << 20) + 1);
    await storage.putFile(key, file);
    expect((await buffer(await storage.read(key))).equals(content)).toBe(true);
  });

  it("replaces what was stored before", async () => {
    for (const content of ["first", "second"]) {
      const { file } = await randomFile(0);
      await writeFile(file, content);
      await storage.putFile(key, file);
    }
    expect(await text(await storage.read(key))).toBe("second");
  });

  it("reads inclusive byte ranges, over the border of parts too", async () => {
    const { file, content } = await randomFile(2 * partBytes);
    await storage.putFile(key, file);
    for (const [start, end] of [
      [0, 0],
      [partBytes - 3, partBytes + 3],
      [2 * partBytes - 1, 2 * partBytes - 1],
    ] as const) {
      const read = await buffer(await storage.read(key, { start, end }));
      expect(read.equals(content.subarray(start, end + 1))).toBe(true);
    }
  });

  it("knows what is absent, and deleting that is fine", async () => {
    expect(await storage.stat(key)).toBeUndefined();
    await expect(storage.read(key)).rejects.toMatchObject({ code: "ENOENT" });
    await storage.delete(key);
  });

  it("deletes", async () => {
    await storage.putFile(key, (await randomFile(3)).file);
    await storage.delete(key);
    expect(await storage.stat(key)).toBeUndefined();
  });

  it("lists its objects and nobody else's", async () => {
    await storage.putFile(key, (await randomFile(3)).file);
    for (const Key of ["other/recordings/r1/f.mp4", "connvo/recordings/notes.txt", "connvo/x"])
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }));
    expect(await listed()).toEqual([{ key, sizeBytes: 3, modifiedAt: expect.any(Number) }]);
  });

  it("lists beyond one page", async () => {
    const keys = Array.from({ length: 1005 }, (_, index) => `recordings/r1/f${index}.mp4`);
    const put = (Key: string) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: `connvo/${Key}`, Body: "x" }));
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map(put));
    expect(new Set((await listed()).map((object) => object.key))).toEqual(new Set(keys));
  });

  it("gives up its own uploads that were begun long ago", async () => {
    const begin = (Key: string) =>
      client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }));
    for (const Key of [`connvo/${key}`, "connvo/captures/r1/f", `other/${key}`, "connvo/x"])
      await begin(Key);
    expect(await storage.abandonUploads(3_600_000)).toBe(0);
    expect((await contentsOf(client, bucket)).uploads).toBe(4);
    const clock = { ...systemClock, now: () => Date.now() + 7_200_000 };
    const later = openStore(bucket, ledger, { clock }).storage;
    expect(await later.abandonUploads(3_600_000)).toBe(2);
    expect((await contentsOf(client, bucket)).uploads).toBe(2);
  });

  it("copies a file, knows it by size and hash, and removes its folder with what is being stored there", async () => {
    const { storage: archive } = openStore(bucket, ledger);
    const begin = (Key: string) =>
      client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: `connvo/${Key}` }));
    const copies = [await randomFile(7), await randomFile(partBytes + 1)];
    for (const [index, { file, content, sha256 }] of copies.entries()) {
      const name = `captures/r1/track000${index}.webm`;
      expect(await archive.copyFile(name, file)).toEqual({ sizeBytes: content.length, sha256 });
      expect(existsSync(file)).toBe(true);
      expect(await archive.holds(name, { sizeBytes: content.length, sha256 })).toBe(true);
      expect(await archive.holds(name, { sizeBytes: content.length, sha256: "00" })).toBe(false);
    }
    expect(await archive.holds("captures/r1/none.webm", { sizeBytes: 7, sha256: "" })).toBe(false);
    await archive.copyFile("captures/r10/events.jsonl", (await randomFile(3)).file);
    const below = async (folder: string) =>
      (await listed(archive.listFolder(folder))).map((object) => object.key);
    const ours = ["captures/r1/track0000.webm", "captures/r1/track0001.webm"];
    expect(await below("captures/r1")).toEqual(ours);
    expect((await below("captures")).sort()).toEqual([...ours, "captures/r10/events.jsonl"]);
    expect(await listed()).toEqual([]);
    const upload = await begin("captures/r1/track0003.webm");
    await ledger.begin("captures/r1/track0003.webm", {
      uploadId: upload.UploadId ?? "",
      sha256: "00",
    });
    await begin("captures/r10/track0001.webm");
    await archive.removeFolder("captures/r1");
    await archive.removeFolder("captures/r1");
    const left = { keys: ["connvo/captures/r10/events.jsonl"], uploads: 1 };
    expect(await contentsOf(client, bucket)).toEqual(left);
    expect(ledger.entries.size).toBe(0);
  });

  it.each(["../escape", "a//b", "", "/etc/passwd"])("refuses %j as a key", async (bad) => {
    await expect(async () => storage.stat(bad)).rejects.toThrow("not a storage key");
  });

  it("does not wait for readers who pause", async () => {
    await storage.putFile(key, (await randomFile(partBytes)).file);
    const paused = await Promise.all(Array.from({ length: 60 }, () => storage.read(key)));
    expect((await storage.stat(key))?.sizeBytes).toBe(partBytes);
    for (const stream of paused) stream.destroy();
  });
});
