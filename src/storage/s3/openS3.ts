import type { Log } from "../../core/log.ts";
import type { Archive, Storage } from "../port.ts";
import type { UploadLedger } from "../uploadLedger.ts";
import { checkStore, isVersioned } from "./check.ts";
import { createS3Client, type S3Settings } from "./client.ts";
import { createS3Storage } from "./s3Storage.ts";

export interface OpenS3 {
  storage: Storage & Archive;
  /** Ends its connections. */
  close(): void;
}

/**
 * Connects to the store and tries it out, so that a server that cannot keep files does not start.
 * @throws StoreCheckError
 */
export async function openS3(
  settings: S3Settings,
  ledger: UploadLedger,
  log: Log,
): Promise<OpenS3> {
  const { bucket, prefix, region } = settings;
  const client = createS3Client(settings);
  const place = { client, bucket, prefix };
  const endpoint = settings.endpoint ?? `Amazon S3 in ${region}`;
  try {
    await checkStore(place, endpoint);
    if (await isVersioned(place))
      log.warn(
        { bucket, endpoint },
        "the bucket is versioned: files that are deleted stay in it as old versions, unless a lifecycle rule removes those",
      );
    if (settings.endpoint !== undefined && isOpen(settings.endpoint))
      log.warn({ bucket, endpoint }, "files go to the store over http, unencrypted");
  } catch (error) {
    client.destroy();
    throw error;
  }
  return { storage: createS3Storage({ ...place, ledger }), close: () => client.destroy() };
}

/** Plain http that leaves this machine. */
function isOpen(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "http:" && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}
