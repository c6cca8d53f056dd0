import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { StoredObject } from "../port.ts";
import type { UploadLedger } from "../uploadLedger.ts";
import { isAbsent } from "./errors.ts";
import { hashName, isStored } from "./head.ts";
import { type Part, planParts } from "./parts.ts";
import { addressOf, type Place } from "./place.ts";

/** Parts in memory at most. */
const partsAtOnce = 2;

interface Upload {
  place: Place;
  key: string;
  uploadId: string;
}

/** What arrived of a part: the store's word for its content. */
type Tags = Map<number, { etag: string; sizeBytes: number }>;

/**
 * Uploads a file part by part, going on where an earlier try of the same content ended. The upload is in the ledger before its
 * first part and until its object has been seen.
 * @throws Error also when the store shows another object than the file
 */
export async function uploadInParts(
  place: Place,
  ledger: UploadLedger,
  key: string,
  file: StoredObject & { path: string },
  partBytes: number,
): Promise<void> {
  const { upload, arrived } = await resume(place, ledger, key, file);
  const handle = await open(file.path, "r");
  try {
    const parts = planParts(file.sizeBytes, partBytes);
    const tags = await sendParts(upload, handle, parts, arrived);
    await complete(upload, tags, file);
  } finally {
    await handle.close();
  }
  await ledger.end(key);
}

async function resume(
  place: Place,
  ledger: UploadLedger,
  key: string,
  file: StoredObject,
): Promise<{ upload: Upload; arrived: Tags }> {
  const begun = await ledger.find(key);
  if (begun !== undefined) {
    const upload = { place, key, uploadId: begun.uploadId };
    const arrived = begun.sha256 === file.sha256 ? await listParts(upload) : undefined;
    if (arrived) return { upload, arrived };
    await abortUpload(upload);
  }
  return { upload: await begin(place, ledger, key, file), arrived: new Map() };
}

async function begin(
  place: Place,
  ledger: UploadLedger,
  key: string,
  { sha256 }: StoredObject,
): Promise<Upload> {
  const request = { ...addressOf(place, key), Metadata: { [hashName]: sha256 } };
  const { UploadId: uploadId } = await place.client.send(new CreateMultipartUploadCommand(request));
  if (uploadId === undefined) throw new Error("the store gave the upload no id");
  const upload = { place, key, uploadId };
  try {
    await ledger.begin(key, { uploadId, sha256 });
  } catch (error) {
    // Nobody would know of it; what is left for whatever reason goes with `abandonUploads`.
    await abortUpload(upload).catch(() => undefined);
    throw error;
  }
  return upload;
}

/** What arrived of an upload, or undefined when the store does not know it any more. */
async function listParts({ place, key, uploadId }: Upload): Promise<Tags | undefined> {
  const tags: Tags = new Map();
  const request = { ...addressOf(place, key), UploadId: uploadId };
  try {
    // Some stores tell a next marker after the last page too: the SDK's own paging would never end.
    for (let marker: string | undefined, more = true; more; ) {
      const page = await place.client.send(
        new ListPartsCommand({ ...request, ...(marker && { PartNumberMarker: marker }) }),
      );
      for (const { PartNumber, ETag, Size } of page.Parts ?? [])
        if (PartNumber !== undefined && ETag !== undefined)
          tags.set(PartNumber, { etag: ETag, sizeBytes: Size ?? 0 });
      marker = page.NextPartNumberMarker;
      more = page.IsTruncated === true && marker !== undefined;
    }
    return tags;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Sends what has not arrived yet. @returns the tags of all parts, in order */
async function sendParts(
  upload: Upload,
  handle: FileHandle,
  parts: readonly Part[],
  arrived: Tags,
): Promise<string[]> {
  const tags: string[] = [];
  const waiting = parts.values();
  let failed = false;
  const work = async () => {
    for (const part of waiting) {
      if (failed) return;
      tags[part.number - 1] = await sendPart(upload, handle, part, arrived);
    }
  };
  const workers = Array.from({ length: partsAtOnce }, () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // The file is closed after this: nobody may still read it.
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return tags;
}

async function sendPart(
  { place, key, uploadId }: Upload,
  handle: FileHandle,
  { number, start, sizeBytes }: Part,
  arrived: Tags,
): Promise<string> {
  const content = Buffer.allocUnsafe(sizeBytes);
  const { bytesRead } = await handle.read(content, 0, sizeBytes, start);
  if (bytesRead !== sizeBytes) throw new Error(`the file of ${key} has become shorter`);
  const digest = createHash("md5").update(content).digest();
  const before = arrived.get(number);
  // A store that encrypts may give other tags: its parts are sent again.
  if (before?.sizeBytes === sizeBytes && before.etag === `"${digest.toString("hex")}"`)
    return before.etag;
  const request = {
    ...addressOf(place, key),
    UploadId: uploadId,
    PartNumber: number,
    Body: content,
    ContentLength: sizeBytes,
    ContentMD5: digest.toString("base64"),
  };
  const { ETag } = await place.client.send(new UploadPartCommand(request));
  if (ETag === undefined) throw new Error(`the store gave part ${number} of ${key} no tag`);
  return ETag;
}

/** Joins the parts; whatever the answer, what the store then shows under the key decides. */
async function complete(
  { place, key, uploadId }: Upload,
  tags: readonly string[],
  file: StoredObject,
): Promise<void> {
  const Parts = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
  const request = { ...addressOf(place, key), UploadId: uploadId, MultipartUpload: { Parts } };
  try {
    await place.client.send(new CompleteMultipartUploadCommand(request));
  } catch (error) {
    // The answer may have been lost after it took effect.
    if (await isStored(place, key, file).catch(() => false)) return;
    throw error;
  }
  if (!(await isStored(place, key, file)))
    throw new Error(`the store shows another object for ${key} than was uploaded`);
}

/** Gives up an upload with its parts; unknown is not an error. */
export async function abortUpload({ place, key, uploadId }: Upload): Promise<void> {
  const request = { ...addressOf(place, key), UploadId: uploadId };
  try {
    await place.client.send(new AbortMultipartUploadCommand(request));
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
