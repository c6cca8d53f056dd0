import { DeleteObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { keySegments } from "../keys.ts";
import type { UploadLedger } from "../uploadLedger.ts";
import { abortUpload } from "./multipart.ts";
import type { Place } from "./place.ts";
import { listUploads } from "./uploads.ts";

/** A part under way can outlive that its upload is given up: it is looked again, so often. */
const mostLooks = 5;

/**
 * Removes everything below a folder of ours, and gives up the uploads to it.
 * @throws Error when there is still something in the end: somebody goes on storing
 */
export async function removeBelow(
  place: Place,
  ledger: UploadLedger,
  folder: string,
): Promise<void> {
  keySegments(folder);
  for (let look = 0; look < mostLooks; look++)
    if ((await removeUploads(place, ledger, folder)) + (await removeObjects(place, folder)) === 0)
      return;
  throw new Error(`objects below ${folder} come faster than they are removed`);
}

async function removeUploads(place: Place, ledger: UploadLedger, folder: string): Promise<number> {
  const uploads = await listUploads(place, folder);
  for (const { key, uploadId } of uploads) {
    await abortUpload({ place, key, uploadId });
    await ledger.end(key);
  }
  return uploads.length;
}

async function removeObjects(place: Place, folder: string): Promise<number> {
  const { client, bucket, prefix } = place;
  const request = { Bucket: bucket, Prefix: `${prefix}${folder}/` };
  let removed = 0;
  for await (const page of paginateListObjectsV2({ client }, request))
    for (const { Key } of page.Contents ?? []) {
      if (Key === undefined) continue;
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      removed++;
    }
  return removed;
}
