import { link, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { isPostgres, postgresProcesses } from "./processes.ts";

export { isRunning } from "./processes.ts";

/** `postmaster.pid`: what PostgreSQL tells about the postmaster that owns a data folder. */
export interface LockFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
}

/** The lock file of a data folder; undefined when there is none or it is still being written. */
export async function readLockFile(dataDir: string): Promise<LockFile | undefined> {
  return readLock(lockPath(dataDir));
}

async function readLock(file: string): Promise<LockFile | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const [pid, , , port, socketDir] = text.split("\n");
  if (!pid) return undefined;
  return { pid: Number(pid), port: Number(port ?? 0), socketDir: socketDir ?? "" };
}

/**
 * Removes a lock file whose process id now belongs to something else, which PostgreSQL itself would take for a
 * running postmaster. Kept while any process still works in the folder: a backend that outlives its postmaster.
 * @returns whether it was removed.
 */
export async function removeStaleLock(dataDir: string, lock: LockFile): Promise<boolean> {
  if (process.platform !== "linux" || (await isPostgres(lock.pid, dataDir))) return false;
  if ((await postgresProcesses(dataDir)).length > 0) return false;
  // Taken aside before it is removed: another process may have done the same and started a postmaster, whose it then is.
  const aside = `${lockPath(dataDir)}.${process.pid}`;
  const isTaken = await rename(lockPath(dataDir), aside).then(
    () => true,
    () => false,
  );
  if (!isTaken) return false;
  const isStale = (await readLock(aside))?.pid === lock.pid;
  if (!isStale) await link(aside, lockPath(dataDir)).catch(() => undefined);
  await rm(aside, { force: true });
  return isStale;
}

const lockPath = (dataDir: string) => path.join(dataDir, "postmaster.pid");
