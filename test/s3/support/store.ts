import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { inject } from "vitest";
import { createS3Client, type S3Settings } from "../../../src/storage/s3/client.ts";
import { createS3Storage, type S3StorageOptions } from "../../../src/storage/s3/s3Storage.ts";
import type { BegunUpload, UploadLedger } from "../../../src/storage/uploadLedger.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { accessKey, secretKey } from "./ceph.ts";

/** The least that S3 takes, so that small files have several parts. */
export const partBytes = 5 << 20;

/** Whether there is a store to test with; `npm test` says so where there is none. */
export const hasStore = inject("s3Endpoint") !== "";

export function settings(bucket: string, endpoint = inject("s3Endpoint")): S3Settings {
  const place = { bucket, endpoint, region: "us-east-1", prefix: "connvo/" };
  return { ...place, accessKey, secretKey, forcePathStyle: true };
}

/** A bucket that nobody else uses. */
export async function newBucket(): Promise<string> {
  const bucket = `test-${randomBytes(6).toString("hex")}`;
  const client = createS3Client(settings(bucket));
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return bucket;
}

/** A store in that bucket, reached at `endpoint` (the gateway unless a proxy is to be in between). */
export function openStore(
  bucket: string,
  ledger: UploadLedger,
  change: Partial<S3StorageOptions> & { endpoint?: string } = {},
) {
  const { endpoint, ...options } = change;
  const given = settings(bucket, endpoint);
  const client = createS3Client(given);
  const place = { client, bucket, prefix: given.prefix };
  return { client, storage: createS3Storage({ ...place, ledger, partBytes, ...options }) };
}

/** A ledger of this process. */
export function memoryLedger(): UploadLedger & { entries: Map<string, BegunUpload> } {
  const entries = new Map<string, BegunUpload>();
  return {
    entries,
    find: async (key) => entries.get(key),
    begin: async (key, upload) => {
      entries.set(key, upload);
    },
    end: async (key) => {
      entries.delete(key);
    },
    forget: async () => entries.clear(),
  };
}

/** What really is in the bucket. */
export async function contentsOf(client: S3Client, bucket: string) {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return { keys: Contents.map(({ Key }) => Key), uploads: Uploads.length };
}

/** A file of that many random bytes. */
export async function randomFile(sizeBytes: number) {
  const folder = await scratchFolder("connvo-s3-file-");
  const content = randomBytes(sizeBytes);
  const file = path.join(folder, "made.mp4");
  await writeFile(file, content);
  return { file, content, sha256: createHash("sha256").update(content).digest("hex") };
}
