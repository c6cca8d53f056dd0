import { PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { type Log, silentLog } from "../../src/core/log.ts";
import type { S3Settings } from "../../src/storage/s3/client.ts";
import { openS3 } from "../../src/storage/s3/openS3.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { freePort } from "../support/freePort.ts";
import { takeTime } from "../support/patience.ts";
import {
  contentsOf,
  hasStore,
  memoryLedger,
  newBucket,
  openStore,
  settings,
} from "./support/store.ts";

takeTime();

let bucket: string;

describe.runIf(hasStore)("trying out the store at the start", () => {
  beforeAll(async () => {
    bucket = await newBucket();
  });

  async function open(change: Partial<S3Settings> = {}): Promise<string[]> {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message) };
    const { close } = await openS3({ ...settings(bucket), ...change }, memoryLedger(), log);
    close();
    return warnings;
  }

  it("says nothing of a store that works, and leaves nothing in it", async () => {
    expect(await open()).toEqual([]);
    const { client } = openStore(bucket, memoryLedger());
    expect(await contentsOf(client, bucket)).toEqual({ keys: [], uploads: 0 });
  });

  it("warns that a versioned bucket keeps what is deleted", async () => {
    const versioned = await newBucket();
    const { client } = openStore(versioned, memoryLedger());
    const VersioningConfiguration = { Status: "Enabled" } as const;
    const request = { Bucket: versioned, VersioningConfiguration };
    await client.send(new PutBucketVersioningCommand(request));
    expect(await open({ bucket: versioned })).toEqual([expect.stringContaining("old versions")]);
  });

  it.each<[Partial<S3Settings>, RegExp]>([
    [
      { secretKey: "wrong" },
      /^CONNVO_S3_SECRET_KEY: cannot write in bucket test-\w+ at http:\S+: SignatureDoesNotMatch; the secret/,
    ],
    [{ accessKey: "unknown" }, /^CONNVO_S3_ACCESS_KEY: .*: InvalidAccessKeyId; the store does not/],
    [{ bucket: "not-there" }, /^CONNVO_S3_BUCKET: .*not-there at .*: NoSuchBucket; there is no/],
    [
      { endpoint: "http://nowhere.invalid" },
      /^CONNVO_S3_ENDPOINT: .*nowhere\.invalid: (ENOTFOUND|EAI_AGAIN); the host's name/,
    ],
  ])("names the setting for %j", async (change, message) => {
    await expect(open(change)).rejects.toThrow(message);
  });

  it("says that nobody answers", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    await expect(open({ endpoint })).rejects.toThrow(
      /^CONNVO_S3_ENDPOINT: .*: ECONNREFUSED; the store does not answer/,
    );
  });

  it.each<[string, number, RegExp]>([
    ["RequestTimeTooSkewed", 403, /^CONNVO_S3_ENDPOINT: .*the clock/],
    ["AuthorizationHeaderMalformed", 400, /^CONNVO_S3_REGION: .*another region/],
    ["PermanentRedirect", 301, /^CONNVO_S3_REGION: .*another region/],
    ["AccessDenied", 403, /^CONNVO_S3_ACCESS_KEY: .*may not do that/],
    ["QuotaExceeded", 403, /^CONNVO_S3_ACCESS_KEY: .*QuotaExceeded/],
    ["NotImplemented", 400, /^CONNVO_S3_BUCKET: .*NotImplemented; In its words/],
  ])("explains %s", async (code, status, message) => {
    const proxy: FaultProxy = await startFaultProxy(inject("s3Endpoint"));
    const body = `<Error><Code>${code}</Code><Message>In its words</Message></Error>`;
    proxy.rule = () => ({ kind: "answer", status, body });
    await expect(open({ endpoint: proxy.url })).rejects.toThrow(message);
    await proxy.close();
  });

  it("removes its object also when it may not read it", async () => {
    const proxy = await startFaultProxy(inject("s3Endpoint"));
    const body = "<Error><Code>AccessDenied</Code></Error>";
    proxy.rule = ({ method }) =>
      method === "GET" ? { kind: "answer", status: 403, body } : undefined;
    await expect(open({ endpoint: proxy.url })).rejects.toThrow("cannot read in bucket");
    const { client } = openStore(bucket, memoryLedger());
    expect((await contentsOf(client, bucket)).keys).toEqual([]);
    await proxy.close();
  });
});
