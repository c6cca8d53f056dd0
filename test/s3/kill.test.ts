import { existsSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { databaseLedger } from "../../src/storage/databaseLedger.ts";
import { type TestDatabase, testDatabase } from "../integration/support/database.ts";
import { bundleProgram, NodeProcess, type Program } from "../integration/support/nodeProcess.ts";
import { type FaultProxy, firstOf, startFaultProxy } from "../support/faultProxy.ts";
import { takeTime } from "../support/patience.ts";
import {
  contentsOf,
  hasStore,
  newBucket,
  openStore,
  partBytes,
  randomFile,
  settings,
} from "./support/store.ts";
import type { UploadRequest } from "./support/uploadProcess.ts";

takeTime();

const key = "recordings/r1/f.mp4";
const creating = /^POST .*\?uploads/;
const aPart = /^PUT .*partNumber=2/;
const completing = /^POST .*\?uploadId=/;
const heading = /^HEAD /;

let test: TestDatabase;
let program: Program;
let proxy: FaultProxy;
let bucket: string;

describe.runIf(hasStore)("a process that is killed while it stores a file", () => {
  beforeAll(async () => {
    test = await testDatabase();
    program = await bundleProgram("../../s3/support/uploadProcess.ts");
  });
  afterAll(async () => {
    await test.close();
    await program.remove();
  });
  beforeEach(async () => {
    proxy = await startFaultProxy(inject("s3Endpoint"));
    bucket = await newBucket();
  });
  afterEach(() => proxy.close());

  function upload(file: string, haltAfter?: UploadRequest["haltAfter"]): NodeProcess {
    const { connection } = test;
    const place = { settings: settings(bucket, proxy.url), connection, partBytes };
    return new NodeProcess(program, { ...place, key, file, haltAfter });
  }

  /** kill -9 when a request like this arrives, before the store is told of it or before its answer is passed on. */
  async function killAt(file: string, pattern: RegExp, before: boolean, count = 1): Promise<void> {
    const met = new Promise<void>((resolve) => {
      let passed = 0;
      const hold = firstOf(1, pattern, { kind: "hold", before, met: resolve });
      proxy.rule = (request) => {
        if (pattern.test(`${request.method} ${request.url}`) && ++passed < count) return undefined;
        return hold(request);
      };
    });
    const child = upload(file);
    await Promise.race([met, child.event("stored").then(() => expect.unreachable("not killed"))]);
    await child.kill();
    proxy.rule = () => undefined;
  }

  async function killAfterNote(file: string, haltAfter: "begin" | "end"): Promise<void> {
    const child = upload(file, haltAfter);
    await child.event("halted");
    await child.kill();
  }

  const steps: [string, (file: string) => Promise<void>, { unknown?: true }][] = [
    ["before anything", (file) => killAt(file, creating, true), {}],
    // Nobody knows of that upload: only a sweep ends it.
    ["before it notes the upload", (file) => killAt(file, creating, false), { unknown: true }],
    ["when the upload is noted", (file) => killAfterNote(file, "begin"), {}],
    ["within the parts", (file) => killAt(file, aPart, true), {}],
    ["when a part has arrived", (file) => killAt(file, aPart, false), {}],
    ["before the completion", (file) => killAt(file, completing, true), {}],
    ["when it is complete", (file) => killAt(file, completing, false), {}],
    // The first one looks whether the file is there already.
    ["before it has seen the object", (file) => killAt(file, heading, true, 2), {}],
    ["when it has seen the object", (file) => killAt(file, heading, false, 2), {}],
    ["before it removes the file", (file) => killAfterNote(file, "end"), {}],
  ];

  it.each(steps)("%s leaves what the next one finishes", async (_, killOnce, { unknown }) => {
    const { file, content, sha256 } = await randomFile(2 * partBytes + 1);
    await killOnce(file);
    expect(existsSync(file)).toBe(true);
    const next = upload(file);
    const stored = { event: "stored", sizeBytes: content.length, sha256 };
    expect(await next.event("stored")).toEqual(stored);
    expect(await next.exited).toBe(0);
    expect(existsSync(file)).toBe(false);
    const { client, storage } = openStore(bucket, databaseLedger(test.db));
    if (unknown) expect(await storage.abandonUploads(-60_000)).toBe(1);
    expect((await buffer(await storage.read(key))).equals(content)).toBe(true);
    expect(await contentsOf(client, bucket)).toEqual({ keys: [`connvo/${key}`], uploads: 0 });
    expect(await test.sql("SELECT key FROM storage_uploads")).toEqual([]);
  });
});
