import { type FileHandle, open, readdir, readFile, readlink } from "node:fs/promises";

/** Ids of all PostgreSQL processes of that data folder (Linux). */
export async function postgresProcesses(dataDir: string): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const ours = await Promise.all(pids.map((pid) => worksIn(pid, dataDir)));
  return pids.filter((_, index) => ours[index]);
}

async function worksIn(pid: number, dataDir: string): Promise<boolean> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (cwd === dataDir) return true;
  // A postmaster that has only just been started has not gone to its folder yet.
  const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  return argv[argv.indexOf("-D") + 1] === dataDir;
}

/**
 * Keeps the log writer of that postmaster from ending until the handle is closed, as a busy machine or a slow disk may
 * for a while: it ends when nobody can write to it any more, which the postmaster does not wait for.
 */
export function holdLogWriter(postmaster: number): Promise<FileHandle> {
  return open(`/proc/${postmaster}/fd/2`, "w");
}

/** kill -9 of the postmaster and everything it forked. */
export async function killPostgres(dataDir: string): Promise<void> {
  for (const pid of await postgresProcesses(dataDir)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Already gone with its postmaster.
    }
  }
}
