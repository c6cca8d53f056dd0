import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import path from "node:path";

/** `postmaster.pid`: what PostgreSQL tells about the postmaster that owns a data folder. */
export interface LockFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
}

/** The lock file of a data folder; undefined when there is none or it is still being written. */
export async function readLockFile(dataDir: string): Promise<LockFile | undefined> {
  const text = await readFile(lockPath(dataDir), "utf8").catch(() => "");
  const [pid, , , port, socketDir] = text.split("\n");
  if (!pid) return undefined;
  return { pid: Number(pid), port: Number(port ?? 0), socketDir: socketDir ?? "" };
}

/**
 * Whether that process is a PostgreSQL process of that data folder. A bare `kill(pid, 0)` would also be answered by
 * a zombie and, after a reboot or in a restarted container, by whatever took the number over.
 */
export async function isPostgres(pid: number, dataDir: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  if (process.platform !== "linux") return true;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  return cwd === (await realpath(dataDir).catch(() => dataDir));
}

/** Whether a process of that id exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Removes a lock file whose process id now belongs to something else, which PostgreSQL itself would take for a
 * running postmaster. Kept while any process still works in the folder: a backend that outlives its postmaster.
 * @returns whether it was removed.
 */
export async function removeStaleLock(dataDir: string, lock: LockFile): Promise<boolean> {
  if (process.platform !== "linux" || (await isPostgres(lock.pid, dataDir))) return false;
  for (const name of await readdir("/proc")) {
    if (/^\d+$/.test(name) && (await isPostgres(Number(name), dataDir))) return false;
  }
  await rm(lockPath(dataDir), { force: true });
  return true;
}

const lockPath = (dataDir: string) => path.join(dataDir, "postmaster.pid");
