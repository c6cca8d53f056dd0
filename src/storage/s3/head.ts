import { HeadObjectCommand } from "@aws-sdk/client-s3";
import type { StoredObject } from "../port.ts";
import { isAbsent } from "./errors.ts";
import { addressOf, type Place } from "./place.ts";

/** Name of the user metadata with the content's SHA-256. */
export const hashName = "sha256";

interface Head {
  sizeBytes: number;
  modifiedAt: number;
  /** As it was given with the upload; undefined for objects of others. */
  sha256: string | undefined;
}

/** What the store says of an object, or undefined when absent. */
export async function headOf(place: Place, key: string): Promise<Head | undefined> {
  try {
    const found = await place.client.send(new HeadObjectCommand(addressOf(place, key)));
    return {
      sizeBytes: found.ContentLength ?? 0,
      modifiedAt: found.LastModified?.getTime() ?? 0,
      sha256: found.Metadata?.[hashName],
    };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether the object under that key is the file with that size and hash. */
export async function isStored(place: Place, key: string, file: StoredObject): Promise<boolean> {
  const found = await headOf(place, key);
  return found?.sizeBytes === file.sizeBytes && found.sha256 === file.sha256;
}
