import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { type Clock, systemClock } from "../../core/clock.ts";
import { errorCode, isMissing } from "../../core/errorCode.ts";
import { syncFile, syncFolder } from "../../files/durable.ts";
import { fileHash } from "../../files/fileHash.ts";
import { capturesFolder, isObjectKey, keySegments, objectsFolder } from "../keys.ts";
import type { Archive, ListedObject, Storage } from "../port.ts";

/** Ends the name of a copy that is not whole yet. */
const partSuffix = ".part";

export interface FileStorage extends Storage, Archive {
  /** Where an object's file is. @throws Error when that is not a key of ours */
  locate(key: string): string;
}

/** Objects as files below `root`, durable when `putFile` returns. */
export function createFileStorage(root: string, clock: Clock = systemClock): FileStorage {
  const locate = (key: string) => path.join(root, ...keySegments(key));
  return {
    locate,
    putFile: async (key, source) => {
      const target = locate(key);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      const sha256 = await fileHash(source);
      await syncFile(source);
      await move(source, target);
      await syncFolder(path.dirname(target));
      return { sizeBytes: (await stat(target)).size, sha256 };
    },
    stat: async (key) => {
      const found = await stat(locate(key)).catch(ignoreMissing);
      return found && { sizeBytes: found.size, modifiedAt: found.mtimeMs };
    },
    read: async (key, range) => {
      const file = await open(locate(key), "r");
      return createReadStream("", { fd: file, ...range });
    },
    delete: (key) => rm(locate(key), { force: true }),
    list: () => wholeFilesBelow(root, objectsFolder),
    copyFile: async (key, source) => {
      const target = locate(key);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await copyWhole(source, target);
      await syncFolder(path.dirname(target));
      return { sizeBytes: (await stat(target)).size, sha256: await fileHash(target) };
    },
    holds: async (key, { sizeBytes, sha256 }) => {
      const found = await stat(locate(key)).catch(ignoreMissing);
      return found?.size === sizeBytes && (await fileHash(locate(key))) === sha256;
    },
    listFolder: (folder) => wholeFilesBelow(root, folder),
    removeFolder: (folder) => rm(locate(folder), { recursive: true, force: true }),
    abandonUploads: async (olderThanMs) => {
      const before = clock.now() - olderThanMs;
      let removed = 0;
      for (const folder of [objectsFolder, capturesFolder])
        for await (const { key, modifiedAt } of filesBelow(root, folder)) {
          if (!key.endsWith(partSuffix) || modifiedAt >= before) continue;
          await rm(locate(key), { force: true });
          removed++;
        }
      return removed;
    },
  };
}

async function* wholeFilesBelow(root: string, folder: string): AsyncGenerator<ListedObject> {
  for await (const found of filesBelow(root, folder))
    if (!found.key.endsWith(partSuffix)) yield found;
}

/** The files of one recording, or of all of them, whole or not: a folder is read when its turn comes. */
async function* filesBelow(root: string, folder: string): AsyncGenerator<ListedObject> {
  const [top = "", one] = keySegments(folder);
  const all = path.join(root, top);
  const recordings = one === undefined ? await readdir(all).catch(ignoreMissing) : [one];
  for (const recording of recordings ?? [])
    for (const name of (await readdir(path.join(all, recording)).catch(ignoreNone)) ?? []) {
      const key = `${top}/${recording}/${name}`;
      if (!isObjectKey(key, top)) continue;
      // It may be gone by now.
      const found = await stat(path.join(all, recording, name)).catch(ignoreMissing);
      if (found?.isFile()) yield { key, sizeBytes: found.size, modifiedAt: found.mtimeMs };
    }
}

/** Across file systems a move is a copy. */
async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    await copyWhole(source, target);
    await rm(source);
  }
}

/** The copy appears under its name only when it is whole and durable. */
async function copyWhole(source: string, target: string): Promise<void> {
  const part = `${target}${partSuffix}`;
  await copyFile(source, part);
  await syncFile(part);
  await rename(part, target);
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** For a folder that is gone, or a file in its place. */
function ignoreNone(error: unknown): undefined {
  if (errorCode(error) !== "ENOTDIR") ignoreMissing(error);
}
