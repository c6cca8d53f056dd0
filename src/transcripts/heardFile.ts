import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { RecordingServices } from "../recordings/services.ts";

/** A finished file in the store. */
export interface StoredFile {
  key: string;
  sizeBytes: number;
}

/**
 * Copies a finished file from the store to the disk, for the process that listens to it, which has no store.
 * @throws Error when the disk has no room for it, the store does not have it, or the signal's reason
 */
export async function copyFromStore(
  {
    storage,
    config,
    freeDiskBytes,
  }: Pick<RecordingServices, "storage" | "config" | "freeDiskBytes">,
  { key, sizeBytes }: StoredFile,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const freeBytes = await freeDiskBytes();
  if (freeBytes - sizeBytes < config.diskReserveBytes)
    throw new Error(`${sizeBytes} bytes do not fit on the disk: ${freeBytes} are free`);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  const copy = createWriteStream(target, { flags: "wx", mode: 0o600 });
  await pipeline(await storage.read(key), copy, { signal });
}
