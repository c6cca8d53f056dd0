import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { type Fault, type FaultProxy, firstOf, startFaultProxy } from "../support/faultProxy.ts";
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
const aPart = /^PUT .*partNumber=2/;
const completing = /^POST .*\?uploadId=/;
const getting = /^GET .*f\.mp4/;

const error = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Not now</Message></Error>`;
const slowDown: Fault = { kind: "answer", status: 503, body: error("SlowDown") };
const failedInside: Fault = { kind: "answer", status: 200, body: error("InternalError") };
const refused: Fault = { kind: "answer", status: 400, body: error("InvalidRequest") };

let proxy: FaultProxy;
let bucket: string;
let ledger: ReturnType<typeof memoryLedger>;
let store: ReturnType<typeof openStore>;

describe.runIf(hasStore)("a store that is out of order", () => {
  beforeEach(async () => {
    proxy = await startFaultProxy(inject("s3Endpoint"));
    bucket = await newBucket();
    ledger = memoryLedger();
    store = openStore(bucket, ledger, { endpoint: proxy.url });
  });
  afterEach(() => proxy.close());

  const requestsOf = (pattern: RegExp) => proxy.requests.filter((one) => pattern.test(one)).length;

  async function isWhole(content: Buffer): Promise<void> {
    expect((await buffer(await store.storage.read(key))).equals(content)).toBe(true);
    expect(await contentsOf(store.client, bucket)).toEqual({ keys: [`connvo/${key}`], uploads: 0 });
    expect(ledger.entries.size).toBe(0);
  }

  it.each<[string, RegExp, Fault]>([
    ["breaks off within a part", aPart, { kind: "resetInBody" }],
    ["is too busy for a part", aPart, slowDown],
    ["loses the answer to a part", aPart, { kind: "loseAnswer" }],
    ["fails to complete, inside of a good answer", completing, failedInside],
    ["loses the answer to the completion", completing, { kind: "loseAnswer" }],
  ])("stores the file when it %s", async (_, pattern, fault) => {
    const { file, content } = await randomFile(2 * partBytes + 1);
    proxy.rule = firstOf(1, pattern, fault);
    await store.storage.putFile(key, file);
    expect(requestsOf(pattern)).toBeGreaterThan(1);
    expect(existsSync(file)).toBe(false);
    await isWhole(content);
  });

  it("believes the object and not the answer when the completion's is lost every time", async () => {
    const { file, content } = await randomFile(partBytes + 1);
    proxy.rule = firstOf(100, completing, { kind: "loseAnswer" });
    await store.storage.putFile(key, file);
    await isWhole(content);
  });

  it("keeps the file when it cannot be completed, and sends no part twice the next time", async () => {
    const { file, content } = await randomFile(2 * partBytes + 1);
    proxy.rule = firstOf(100, completing, failedInside);
    await expect(store.storage.putFile(key, file)).rejects.toThrow("Not now");
    expect(existsSync(file)).toBe(true);
    expect(ledger.entries.size).toBe(1);
    proxy.rule = () => undefined;
    proxy.requests.length = 0;
    await store.storage.putFile(key, file);
    expect(requestsOf(/partNumber=/)).toBe(0);
    await isWhole(content);
  });

  it("sends only what is missing after it went away within the file", async () => {
    const { file, content } = await randomFile(3 * partBytes);
    proxy.rule = firstOf(100, /partNumber=3/, refused);
    await expect(store.storage.putFile(key, file)).rejects.toThrow("Not now");
    expect(requestsOf(/partNumber=3/)).toBe(1);
    proxy.rule = () => undefined;
    proxy.requests.length = 0;
    await store.storage.putFile(key, file);
    expect(requestsOf(/^PUT .*partNumber=/)).toBe(1);
    await isWhole(content);
  });

  it("begins anew when the upload it was at is gone", async () => {
    const { file, content } = await randomFile(partBytes + 1);
    proxy.rule = firstOf(1, /partNumber=2/, refused);
    await expect(store.storage.putFile(key, file)).rejects.toThrow("Not now");
    proxy.rule = () => undefined;
    const noted = new Map(ledger.entries);
    expect(await store.storage.abandonUploads(-60_000)).toBe(1);
    // As if the store had let it go by a rule of its own.
    for (const [name, upload] of noted) ledger.entries.set(name, upload);
    await store.storage.putFile(key, file);
    await isWhole(content);
  });

  it("does not mix another content with the parts of the first", async () => {
    const first = await randomFile(2 * partBytes);
    proxy.rule = firstOf(1, completing, refused);
    await expect(store.storage.putFile(key, first.file)).rejects.toThrow("Not now");
    const second = await randomFile(2 * partBytes);
    await store.storage.putFile(key, second.file);
    await isWhole(second.content);
  });

  it("takes a file for stored that was stored before it was killed", async () => {
    const { file, content } = await randomFile(partBytes + 1);
    await copyFile(file, `${file}.again`);
    await store.storage.putFile(key, file);
    proxy.requests.length = 0;
    await store.storage.putFile(key, `${file}.again`);
    expect(requestsOf(/^(PUT|POST)/)).toBe(0);
    await isWhole(content);
  });

  it("does not repeat what is refused", async () => {
    const { file } = await randomFile(10);
    proxy.rule = firstOf(100, /^PUT/, refused);
    await expect(store.storage.putFile(key, file)).rejects.toThrow("Not now");
    expect(requestsOf(/^PUT/)).toBe(1);
    expect(existsSync(file)).toBe(true);
  });

  it.each([true, false])(
    "fails a reader whose answer is cut short, quietly: %s",
    async (quietly) => {
      const { file } = await randomFile(100_000);
      await store.storage.putFile(key, file);
      proxy.rule = firstOf(1, getting, { kind: "truncate", quietly });
      const read = await store.storage.read(key, { start: 10, end: 90_000 });
      await expect(buffer(read)).rejects.toThrow();
    },
  );

  it("takes no other range than it asked for", async () => {
    const { file } = await randomFile(1000);
    await store.storage.putFile(key, file);
    proxy.rule = firstOf(1, getting, { kind: "answer", status: 200, body: "all of it" });
    const read = store.storage.read(key, { start: 10, end: 20 });
    await expect(read).rejects.toThrow("another range");
  });
});
