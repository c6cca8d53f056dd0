import { chmod, cp, mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { addEvidence, afterVerdict } from "./scope.ts";

/** Larger files tell nothing more, and many failures may be kept; bytes. */
const largestKept = 200_000_000;
/** Of a database's folder only the logs can be read without a server. */
const databaseFiles = /\/postgres(\.initdb-[^/]*)?\/(?!log(\/|$))/;

/**
 * A temporary folder that is kept as evidence when the test fails. It is removed after the verdict on the test that made
 * it, or after the file when no test did; what runs in it has to be ended by then.
 * @param mode - default: open to this account only
 */
export async function scratchFolder(prefix: string, mode = 0o700): Promise<string> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), prefix));
  await chmod(folder, mode);
  addEvidence({
    name: path.basename(folder),
    collect: (into) => copyFolder(folder, into),
  });
  afterVerdict(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Copies what a person can read: no sockets, nothing huge, and of databases only their logs. */
async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    errorOnExist: false,
    filter: async (source) => {
      const info = await stat(source).catch(() => undefined);
      if (info === undefined || databaseFiles.test(source)) return false;
      return info.isDirectory() || (info.isFile() && info.size <= largestKept);
    },
    // A file may vanish while it is copied.
  }).catch(() => undefined);
}
