import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { rowsOf } from "../acceptance/support/database.ts";
import { type Person, signIn } from "../acceptance/support/person.ts";
import { recordedFile } from "../acceptance/support/recorded.ts";
import type { ServerProcess } from "../acceptance/support/server.ts";
import { openSite, type Site } from "../acceptance/support/site.ts";
import { until } from "../acceptance/support/until.ts";
import { contentOf } from "../integration/support/archived.ts";
import { type FaultProxy, firstOf, startFaultProxy } from "../support/faultProxy.ts";
import { takeTime } from "../support/patience.ts";
import { accessKey, secretKey } from "./support/ceph.ts";
import { contentsOf, hasStore, memoryLedger, newBucket, openStore } from "./support/store.ts";

takeTime();

const putting = /^PUT .*\/captures\//;
const reading = /^GET .*\/captures\//;
const accessDenied = `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`;

let bucket: string;
let site: Site;
let proxy: FaultProxy;
let server: ServerProcess;
let host: Person;
let recordingId: string;
let captured: Record<string, string> | undefined;

interface Row {
  archived: boolean;
  error: string | null;
  copy: string | null;
}

const row = async (): Promise<Row | undefined> =>
  (
    await rowsOf<Row>(
      site.dataDir,
      `SELECT c.archived_at IS NOT NULL AS archived, c.error_message AS error, cc.state AS copy
       FROM captures c LEFT JOIN capture_copies cc USING (recording_id) WHERE c.recording_id = $1`,
      [recordingId],
    )
  )[0];
const sql = (text: string) => rowsOf(site.dataDir, text);
const captureDir = () => path.join(site.dataDir, "recordings", recordingId, "capture");
const inBucket = async () =>
  (await contentsOf(openStore(bucket, memoryLedger()).client, bucket)).keys
    .filter((key) => key?.includes(`captures/${recordingId}/`))
    .map((key) => path.basename(key ?? ""));
const isArchived = () =>
  until("the capture is archived", 90_000, async () => (await row())?.archived === true);
const getPlayback = (restore?: true) =>
  host.action("recordings/actions:getPlayback", { recordingId, ...(restore && { restore }) });

/** A number at `/metrics`. */
async function measured(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

const counted = (name: string, count: number) =>
  until(`${name} is ${count}`, 30_000, async () => (await measured(name)) === count);

async function start(port?: number): Promise<void> {
  const env = {
    CONNVO_S3_BUCKET: bucket,
    CONNVO_S3_ENDPOINT: proxy.url,
    CONNVO_S3_ACCESS_KEY: accessKey,
    CONNVO_S3_SECRET_KEY: secretKey,
    CONNVO_S3_PREFIX: "connvo",
  };
  server = await site.start(env, port);
}

/** kill -9, and another server; what the dead one had in hand is free at once. `between`: while none runs. */
async function another(between?: () => void): Promise<void> {
  await server.kill();
  between?.();
  proxy.rule = () => undefined;
  await sql("UPDATE captures SET lease_until = app_now(), run_at = app_now()");
  await sql("UPDATE capture_copies SET lease_until = app_now(), run_at = app_now()");
  await start(Number(new URL(server.url).port));
}

/** kill -9 when the `count`th request like this arrives, before the store is told of it or before its answer is passed on. */
async function killAt(
  pattern: RegExp,
  { before, count = 1, between }: { before: boolean; count?: number; between?: () => void },
): Promise<void> {
  let passed = 0;
  await new Promise<void>((resolve) => {
    const hold = firstOf(1, pattern, { kind: "hold", before, met: resolve });
    proxy.rule = (request) => {
      if (pattern.test(`${request.method} ${request.url}`) && ++passed < count) return undefined;
      return hold(request);
    };
  });
  await another(between);
}

describe.runIf(hasStore)("a server that archives captures", () => {
  beforeAll(async () => {
    bucket = await newBucket();
    proxy = await startFaultProxy(inject("s3Endpoint"));
    site = await openSite();
    await start();
    host = await signIn(server.url, "host");
  });
  afterAll(async () => {
    await site.close();
    await proxy.close();
  });

  it("keeps a capture while the bucket refuses it", async () => {
    proxy.rule = ({ method, url }) =>
      putting.test(`${method} ${url}`)
        ? { kind: "answer", status: 403, body: accessDenied }
        : undefined;
    recordingId = path.basename(new URL(await recordedFile(server.url, host)).pathname, ".mp4");
    await until("it is refused", 60_000, async () => (await row())?.error !== null);
    expect(await row()).toMatchObject({ archived: false, copy: null });
    expect(await measured("connvo_archive_queue")).toBe(1);
    expect(await measured("connvo_archive_oldest_seconds")).toBeGreaterThan(0);
    expect(
      await measured('connvo_archive_attempts_total{outcome="failed"}'),
    ).toBeGreaterThanOrEqual(1);
    expect(await getPlayback()).toMatchObject({ tracks: [expect.anything(), expect.anything()] });
    captured = await contentOf(captureDir());
    expect(Object.keys(captured ?? {})).toContain("events.jsonl");
  });

  it("archives it all, whenever it is killed", async () => {
    const killed = killAt(putting, { before: true, count: 2 });
    await sql("UPDATE captures SET run_at = app_now()");
    await killed;
    await killAt(putting, { before: false });
    await isArchived();
    expect((await inBucket()).sort()).toEqual(Object.keys(captured ?? {}));
    expect(await row()).toMatchObject({ archived: true, error: null, copy: "here" });
    expect(await measured("connvo_archive_queue")).toBe(0);
    await counted('connvo_archive_attempts_total{outcome="archived"}', 1);
    expect(await contentOf(captureDir())).toEqual(captured);
  });

  it("removes it from the disk in the end, and still plays the file", async () => {
    await server.stop();
    await start(Number(new URL(server.url).port));
    await sql("UPDATE capture_copies SET held_until = app_now(), keep_until = app_now()");
    await another();
    await until("it is off the disk", 60_000, async () => (await row())?.copy === null);
    expect(existsSync(captureDir())).toBe(false);
    expect(await getPlayback()).toMatchObject({
      ...{ tracks: [], capture: { state: "archived" } },
      file: { sizeBytes: expect.any(Number) },
    });
  });

  it("fetches it back whole when it is asked for, whenever it is killed", async () => {
    const between = () => expect(existsSync(captureDir())).toBe(false);
    const killed = killAt(reading, { before: false, count: 2, between });
    expect(await getPlayback(true)).toMatchObject({ capture: { state: "restoring" } });
    await killed;
    await until("the tracks are back", 60_000, async () => {
      const { tracks } = (await getPlayback()) as { tracks: { url: string }[] };
      return tracks.length === 2;
    });
    expect(await contentOf(captureDir())).toEqual(captured);
    expect(await measured("connvo_restore_queue")).toBe(0);
    await counted('connvo_restore_attempts_total{outcome="restored"}', 1);
    expect(await readdir(path.dirname(captureDir()))).toEqual(["capture"]);
  });

  it("composes another file of what is in the bucket only", async () => {
    await sql("UPDATE capture_copies SET held_until = app_now(), keep_until = app_now()");
    await another();
    await until("it is off the disk", 60_000, async () => (await row())?.copy === null);
    const { renditionId } = (await host.action("recordings/actions:composeRecording", {
      ...{ recordingId, layout: "spotlight", quality: "360p" },
    })) as { renditionId: string };
    await until("the file is composed", 90_000, async () => {
      const [found] = await sql(`SELECT state FROM renditions WHERE id = '${renditionId}'`);
      return (found as { state?: string } | undefined)?.state === "ready";
    });
    expect((await contentOf(captureDir()))?.["events.jsonl"]).toBe(captured?.["events.jsonl"]);
  });

  it("deletes it from the bucket and the disk with its recording", async () => {
    await host.mutation("recordings/mutations:deleteRecording", { recordingId });
    await until("it is gone from the bucket", 60_000, async () => {
      return (await inBucket()).length === 0 && (await row()) === undefined;
    });
    await until("it is gone from the disk", 60_000, async () => !existsSync(captureDir()));
    await counted('connvo_archive_attempts_total{outcome="removed"}', 1);
  });
});
