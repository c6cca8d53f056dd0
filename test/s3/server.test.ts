import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { getRecording } from "../acceptance/support/meetings.ts";
import { type Person, signIn } from "../acceptance/support/person.ts";
import { recordedFile } from "../acceptance/support/recorded.ts";
import { openSite, type Site } from "../acceptance/support/site.ts";
import { until } from "../acceptance/support/until.ts";
import { takeTime } from "../support/patience.ts";
import { accessKey, secretKey } from "./support/ceph.ts";
import { contentsOf, hasStore, memoryLedger, newBucket, openStore } from "./support/store.ts";

takeTime();

let bucket: string;
let site: Site;

const env = () => ({
  CONNVO_S3_BUCKET: bucket,
  CONNVO_S3_ENDPOINT: inject("s3Endpoint"),
  CONNVO_S3_ACCESS_KEY: accessKey,
  CONNVO_S3_SECRET_KEY: secretKey,
  CONNVO_S3_PREFIX: "connvo",
});

const idOf = (url: string) => path.basename(new URL(url).pathname, ".mp4");

/** Names of the finished files on disk. */
async function onDisk(recordingId: string): Promise<string[]> {
  const names = await readdir(path.join(site.dataDir, "recordings", recordingId));
  return names.filter((name) => /\.(mp4|m4a|part)$/.test(name));
}

const keysOf = async () =>
  (await contentsOf(openStore(bucket, memoryLedger()).client, bucket)).keys;

const move = (given: Record<string, string>) =>
  promisify(execFile)(
    process.execPath,
    [path.join(path.dirname(inject("serverProgram")), "storageMove.js")],
    { env: { PATH: process.env["PATH"], CONNVO_DATA_DIR: site.dataDir, ...given } },
  );

async function isServed(url: string, host: Person): Promise<void> {
  const get = (headers = {}) =>
    fetch(url, { headers: { authorization: `Bearer ${host.token}`, ...headers } });
  const whole = await get();
  expect(whole.status).toBe(200);
  const content = Buffer.from(await whole.arrayBuffer());
  const { sha256, sizeBytes } = await getRecording(host, idOf(url));
  expect(content.length).toBe(sizeBytes);
  expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
  const part = await get({ range: "bytes=100-1099" });
  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(`bytes 100-1099/${sizeBytes}`);
  expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(100, 1100))).toBe(true);
}

describe.runIf(hasStore)("a server with a bucket", () => {
  beforeAll(async () => {
    bucket = await newBucket();
  });

  describe("in which people meet", () => {
    beforeAll(async () => {
      site = await openSite();
    });
    afterAll(() => site.close());

    let before: string;

    it("moves the files that were on disk before it had one", async () => {
      const first = await site.start();
      const host = await signIn(first.url, "host");
      before = await recordedFile(first.url, host);
      expect(await onDisk(idOf(before))).toHaveLength(1);
      await expect(move({})).rejects.toThrow("CONNVO_S3_BUCKET is not set");
      await first.stop();

      const port = Number(new URL(first.url).port);
      await site.start(env(), port);
      await isServed(before, host);
      const { stdout } = await move(env());
      expect(stdout).toMatch(/^1 of 1 {2}recordings\/.*\.mp4 {2}[\d.]+ MB\nMoved 1 files, /);
      expect(await onDisk(idOf(before))).toEqual([]);
      await isServed(before, host);
      expect((await move(env())).stdout).toBe("Moved 0 files, 0.0 MB.\n");
    });

    it("keeps a recording's file there, serves it, and deletes it", async () => {
      const url = site.servers.at(-1)?.url ?? "";
      const host = await signIn(url, "another host");
      const address = await recordedFile(url, host);
      const recordingId = idOf(address);
      expect(await onDisk(recordingId)).toEqual([]);
      const ours = (await keysOf()).filter((key) => key?.includes(`/recordings/${recordingId}/`));
      expect(ours).toEqual([expect.stringMatching(/^connvo\/recordings\/recording_.*\.mp4$/)]);
      await isServed(address, host);
      await host.mutation("recordings/mutations:deleteRecording", { recordingId });
      await until("it is gone from the bucket", 60_000, async () => {
        return !(await keysOf()).some((key) => key?.includes(recordingId));
      });
      expect(site.servers.at(-1)?.output()).not.toContain(secretKey);
    });
  });

  describe("that cannot be used", () => {
    beforeAll(async () => {
      site = await openSite();
    });
    afterEach(() => site.close());

    it("does not start, and says in one line which setting is wrong", async () => {
      const failed: unknown = await site
        .start({ ...env(), CONNVO_S3_SECRET_KEY: "not-the-secret" })
        .catch((error: unknown) => error);
      expect(String(failed)).toMatch(
        /exited with 1:[\s\S]*^connvo: CONNVO_S3_SECRET_KEY: cannot write in bucket \S+ at \S+: SignatureDoesNotMatch; .*$/m,
      );
      expect(String(failed)).not.toContain("not-the-secret");
    });
  });
});
