import { createHash } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { type Clock, systemClock } from "../../core/clock.ts";
import { fileHash } from "../../files/fileHash.ts";
import { isObjectKey, keySegments, objectsFolder } from "../keys.ts";
import type { Archive, ListedObject, Storage, StoredObject } from "../port.ts";
import type { UploadLedger } from "../uploadLedger.ts";
import { countedBody } from "./countedBody.ts";
import { isAbsent, missingObject } from "./errors.ts";
import { hashName, headOf, isStored } from "./head.ts";
import { uploadInParts } from "./multipart.ts";
import { addressOf, type Place } from "./place.ts";
import { removeBelow } from "./removeBelow.ts";
import { abortUploadsBefore } from "./uploads.ts";

export interface S3StorageOptions extends Place {
  ledger: UploadLedger;
  clock?: Clock;
  /** Larger files are uploaded in parts of that size, bytes; S3 takes 5 MiB and more. */
  partBytes?: number;
}

const mebibyte = 1 << 20;

/** Objects in a bucket: all or nothing under their key, checked by the store as they arrive. */
export function createS3Storage(options: S3StorageOptions): Storage & Archive {
  const { client, bucket, prefix, ledger } = options;
  const { clock = systemClock, partBytes = 16 * mebibyte } = options;
  const place: Place = { client, bucket, prefix };
  const checked = (key: string) => {
    keySegments(key);
    return addressOf(place, key);
  };
  const upload = async (key: string, path: string): Promise<StoredObject> => {
    keySegments(key);
    const file = { path, sizeBytes: (await stat(path)).size, sha256: await fileHash(path) };
    // An earlier try may have been killed, or lost the answer, after the object was there.
    if (await isStored(place, key, file)) await ledger.end(key);
    else if (file.sizeBytes <= partBytes) await putWhole(place, key, file);
    else await uploadInParts(place, ledger, key, file, partBytes);
    return { sizeBytes: file.sizeBytes, sha256: file.sha256 };
  };
  return {
    putFile: async (key, path) => {
      const stored = await upload(key, path);
      await rm(path);
      return stored;
    },
    copyFile: upload,
    holds: (key, object) => {
      keySegments(key);
      return isStored(place, key, object);
    },
    listFolder: (folder) => list(place, folder),
    removeFolder: (folder) => removeBelow(place, ledger, folder),
    stat: async (key) => {
      keySegments(key);
      const found = await headOf(place, key);
      return found && { sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
    },
    read: (key, range) => {
      keySegments(key);
      return read(place, key, range);
    },
    delete: async (key) => {
      await client.send(new DeleteObjectCommand(checked(key)));
    },
    list: () => list(place, objectsFolder),
    abandonUploads: async (olderThanMs) => {
      const aborted = await abortUploadsBefore(place, clock.now() - olderThanMs);
      await ledger.forget(olderThanMs);
      return aborted;
    },
  };
}

async function putWhole(
  place: Place,
  key: string,
  { path, sizeBytes, sha256 }: StoredObject & { path: string },
): Promise<void> {
  const content = await readFile(path);
  if (createHash("sha256").update(content).digest("hex") !== sha256)
    throw new Error(`the file of ${key} has changed meanwhile`);
  await place.client.send(
    new PutObjectCommand({
      ...addressOf(place, key),
      Body: content,
      ContentLength: sizeBytes,
      ContentMD5: createHash("md5").update(content).digest("base64"),
      Metadata: { [hashName]: sha256 },
    }),
  );
}

async function read(
  place: Place,
  key: string,
  range?: { start: number; end: number },
): Promise<Readable> {
  const Range = range && `bytes=${range.start}-${range.end}`;
  const request = new GetObjectCommand({ ...addressOf(place, key), ...(Range && { Range }) });
  const answer = await place.client.send(request).catch((error: unknown) => {
    throw isAbsent(error) ? missingObject(key, error) : error;
  });
  const body = answer.Body as Readable;
  try {
    return countedBody(body, bytesOf(answer, range));
  } catch (error) {
    body.destroy();
    throw error;
  }
}

/** How many bytes have to come. @throws Error when the answer is another than was asked for */
function bytesOf(
  { ContentLength, ContentRange }: Pick<GetObjectCommandOutput, "ContentLength" | "ContentRange">,
  range: { start: number; end: number } | undefined,
): number {
  if (range !== undefined) {
    const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(ContentRange ?? "") ?? [];
    if (Number(start) !== range.start) throw new Error("the store sent another range than asked");
    return Number(end) - range.start + 1;
  }
  if (ContentLength === undefined) throw new Error("the store did not tell the object's size");
  return ContentLength;
}

/** Our objects below one of our folders, or below a folder in it. */
async function* list(
  { client, bucket, prefix }: Place,
  folder: string,
): AsyncGenerator<ListedObject> {
  const [top] = keySegments(folder);
  const request = { Bucket: bucket, Prefix: `${prefix}${folder}/` };
  for await (const page of paginateListObjectsV2({ client }, request))
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      const key = Key?.slice(prefix.length) ?? "";
      if (isObjectKey(key, top))
        yield { key, sizeBytes: Size ?? 0, modifiedAt: LastModified?.getTime() ?? 0 };
    }
}
