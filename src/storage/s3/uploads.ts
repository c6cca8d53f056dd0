import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { capturesFolder, objectsFolder } from "../keys.ts";
import { abortUpload } from "./multipart.ts";
import type { Place } from "./place.ts";

/** Gives up all uploads of ours that began before that time, epoch ms. @returns how many */
export async function abortUploadsBefore(place: Place, time: number): Promise<number> {
  let aborted = 0;
  for (const folder of [objectsFolder, capturesFolder])
    for (const { key, uploadId, startedAt } of await listUploads(place, folder)) {
      if (startedAt === undefined || startedAt >= time) continue;
      await abortUpload({ place, key, uploadId });
      aborted++;
    }
  return aborted;
}

export interface ListedUpload {
  key: string;
  uploadId: string;
  /** Epoch ms, on the store's clock. */
  startedAt: number | undefined;
}

/** Every upload below a folder that is not over. */
export async function listUploads(place: Place, folder: string): Promise<ListedUpload[]> {
  const { client, bucket, prefix } = place;
  const found: ListedUpload[] = [];
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (let more = true; more; ) {
    const page = await client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: `${prefix}${folder}/`,
        ...marker,
      }),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) continue;
      const key = Key.slice(prefix.length);
      found.push({ key, uploadId: UploadId, startedAt: Initiated?.getTime() });
    }
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    more = page.IsTruncated === true && page.NextKeyMarker !== undefined;
  }
  return found;
}
