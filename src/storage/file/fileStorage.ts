import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { errorCode, isMissing } from "../../core/errorCode.ts";
import { syncFile, syncFolder } from "../../files/durable.ts";
import type { Storage } from "../port.ts";

/** Key segments we make: ids and extensions. Anything else is refused, so a key never leaves the root. */
const segmentPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Objects as files below `root`, durable when `putFile` returns. */
export function createFileStorage(root: string): Storage {
  const locate = (key: string) => {
    const segments = key.split("/");
    if (!segments.every((segment) => segmentPattern.test(segment)))
      throw new Error(`not a storage key: ${JSON.stringify(key)}`);
    return path.join(root, ...segments);
  };
  return {
    putFile: async (key, source) => {
      const target = locate(key);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      const sha256 = await digest(source);
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
  };
}

/** Across file systems a move is a copy: it appears under its name only when it is whole and durable. */
async function move(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    const part = `${target}.part`;
    await copyFile(source, part);
    await syncFile(part);
    await rename(part, target);
    await rm(source);
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
