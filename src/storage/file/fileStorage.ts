import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { type Clock, systemClock } from "../../core/clock.ts";
import { errorCode, isMissing } from "../../core/errorCode.ts";
import { syncFile, syncFolder } from "../../files/durable.ts";
import { fileHash } from "../fileHash.ts";
import { isObjectKey, keySegments, objectsFolder } from "../keys.ts";
import type { ListedObject, Storage } from "../port.ts";

/** Ends the name of a copy that is not whole yet. */
const partSuffix = ".part";

export interface FileStorage extends Storage {
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
    list: async function* () {
      for await (const found of filesBelow(root)) if (!found.key.endsWith(partSuffix)) yield found;
    },
    abandonUploads: async (olderThanMs) => {
      const before = clock.now() - olderThanMs;
      let removed = 0;
      for await (const { key, modifiedAt } of filesBelow(root)) {
        if (!key.endsWith(partSuffix) || modifiedAt >= before) continue;
        await rm(locate(key), { force: true });
        removed++;
      }
      return removed;
    },
  };
}

/** The files beside captures, whole or not, recording by recording: a folder is read when its turn comes. */
async function* filesBelow(root: string): AsyncGenerator<ListedObject> {
  const recordings = path.join(root, objectsFolder);
  for (const recording of (await readdir(recordings).catch(ignoreMissing)) ?? [])
    for (const name of (await readdir(path.join(recordings, recording)).catch(ignoreNone)) ?? []) {
      const key = `${objectsFolder}/${recording}/${name}`;
      if (!isObjectKey(key)) continue;
      // It may be gone by now.
      const found = await stat(path.join(recordings, recording, name)).catch(ignoreMissing);
      if (found?.isFile()) yield { key, sizeBytes: found.size, modifiedAt: found.mtimeMs };
    }
}

/** Across file systems a move is a copy: it appears under its name only when it is whole and durable. */
async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    const part = `${target}${partSuffix}`;
    await copyFile(source, part);
    await syncFile(part);
    await rename(part, target);
    await rm(source);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** For a folder that is gone, or a file in its place. */
function ignoreNone(error: unknown): undefined {
  if (errorCode(error) !== "ENOTDIR") ignoreMissing(error);
}
