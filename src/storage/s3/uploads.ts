import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { objectsFolder } from "../keys.ts";
import { abortUpload } from "./multipart.ts";
import type { Place } from "./place.ts";

/** Gives up all uploads below our prefix that began before that time, epoch ms. @returns how many */
export async function abortUploadsBefore(place: Place, time: number): Promise<number> {
  const { client, bucket, prefix } = place;
  let aborted = 0;
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (let more = true; more; ) {
    const page = await client.send(
      new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: `${prefix}${objectsFolder}/`,
        ...marker,
      }),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) continue;
      if (Initiated === undefined || Initiated.getTime() >= time) continue;
      await abortUpload({ place, key: Key.slice(prefix.length), uploadId: UploadId });
      aborted++;
    }
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    more = page.IsTruncated === true && page.NextKeyMarker !== undefined;
  }
  return aborted;
}
