import path from "node:path";
import type { Archive } from "../../storage/port.ts";
import { type ArchivedFile, archiveFolder, captureFiles } from "./captureFiles.ts";

/**
 * Copies a sealed capture to the store, going on where an earlier try ended.
 * @returns what the store has confirmed to have
 * @throws Error also when the store has something else in the end; the signal's reason between two files
 */
export async function uploadCapture(
  archive: Archive,
  recordingId: string,
  dir: string,
  signal: AbortSignal,
): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  for (const name of await captureFiles(dir)) {
    signal.throwIfAborted();
    const key = `${archiveFolder(recordingId)}/${name}`;
    files.push({ name, ...(await archive.copyFile(key, path.join(dir, name))) });
  }
  const missing = await firstMissing(archive, recordingId, files);
  if (missing !== undefined) throw new Error(`the store does not have ${missing} as it was sent`);
  signal.throwIfAborted();
  return files;
}

/** The first of the files that the store does not have, by name. */
export async function firstMissing(
  archive: Archive,
  recordingId: string,
  files: readonly ArchivedFile[],
): Promise<string | undefined> {
  for (const file of files)
    if (!(await archive.holds(`${archiveFolder(recordingId)}/${file.name}`, file)))
      return file.name;
  return undefined;
}
