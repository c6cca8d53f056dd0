import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { isMissing } from "../../core/errorCode.ts";
import { renameDurably, syncFile, syncFolder } from "../../files/durable.ts";
import { fileHash } from "../../files/fileHash.ts";
import type { Archive } from "../../storage/port.ts";
import {
  type ArchivedFile,
  archiveFolder,
  ignoreMissing,
  isFileName,
  restoringFolder,
} from "./captureFiles.ts";
import { removeCopy } from "./removeCopy.ts";

export interface RestoreOptions {
  archive: Archive;
  recordingId: string;
  files: readonly ArchivedFile[];
  /** The capture's folder on this disk. */
  dir: string;
  signal: AbortSignal;
  /** Bytes that there are so far. */
  onProgress(bytes: number): void;
  /** Refuses so many bytes by throwing. */
  admit(bytes: number): Promise<void>;
}

/** The store does not have what it had: asking again will hardly help. */
export class DamagedArchiveError extends Error {
  constructor(key: string, cause?: unknown) {
    super(`the store has no ${key} as it was archived`, cause === undefined ? {} : { cause });
    this.name = "DamagedArchiveError";
  }
}

const partSuffix = ".part";

/**
 * Fetches an archived capture to this disk. It is verified file by file, written beside and gets its name only when it is whole;
 * an earlier try is gone on with.
 * @throws DamagedArchiveError, what `admit` throws, the signal's reason
 */
export async function restoreCapture(options: RestoreOptions): Promise<void> {
  const { files, dir } = options;
  if (await isWhole(dir, files)) return;
  const fresh = restoringFolder(dir);
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  for (const name of await readdir(fresh))
    if (name.endsWith(partSuffix)) await rm(path.join(fresh, name), { force: true });
  await fetchFiles(options, fresh);
  await syncFolder(fresh);
  // Whatever has that name is none, or not whole.
  await removeCopy(dir, { keepRestoring: true });
  await renameDurably(fresh, dir);
}

async function fetchFiles(options: RestoreOptions, folder: string): Promise<void> {
  const { files, signal, onProgress, admit } = options;
  const isHere = new Set<ArchivedFile>();
  for (const file of files) if (await isFile(folder, file)) isHere.add(file);
  let bytes = sizeOf([...isHere]);
  onProgress(bytes);
  await admit(sizeOf(files) - bytes);
  for (const file of files) {
    if (isHere.has(file)) continue;
    signal.throwIfAborted();
    // What others took meanwhile counts.
    await admit(file.sizeBytes);
    await fetchFile(options, folder, file, (more) => {
      bytes += more;
      onProgress(bytes);
    });
  }
}

async function fetchFile(
  { archive, recordingId, signal }: RestoreOptions,
  folder: string,
  file: ArchivedFile,
  onBytes: (more: number) => void,
): Promise<void> {
  if (!isFileName(file.name)) throw new Error(`not a capture's file: ${file.name}`);
  const key = `${archiveFolder(recordingId)}/${file.name}`;
  const part = path.join(folder, `${file.name}.${randomUUID()}${partSuffix}`);
  const hash = createHash("sha256");
  const look = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk);
      onBytes(chunk.length);
      yield chunk;
    }
  };
  try {
    const source = await archive.read(key).catch((error: unknown) => {
      throw isMissing(error) ? new DamagedArchiveError(key, error) : error;
    });
    await pipeline(source, look, createWriteStream(part, { mode: 0o600, flags: "wx" }), { signal });
    if (hash.digest("hex") !== file.sha256) throw new DamagedArchiveError(key);
    await syncFile(part);
    await rename(part, path.join(folder, file.name));
  } finally {
    await rm(part, { force: true });
  }
}

/** A folder that was copied here, or a try that was killed at the very end. */
async function isWhole(dir: string, files: readonly ArchivedFile[]): Promise<boolean> {
  for (const file of files) if (!(await isFile(dir, file))) return false;
  return true;
}

async function isFile(folder: string, { name, sizeBytes, sha256 }: ArchivedFile): Promise<boolean> {
  const file = path.join(folder, name);
  const found = await stat(file).catch(ignoreMissing);
  return found?.size === sizeBytes && (await fileHash(file)) === sha256;
}

const sizeOf = (files: readonly ArchivedFile[]): number =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
