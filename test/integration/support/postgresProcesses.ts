import { readdir, readlink } from "node:fs/promises";

/** Ids of all PostgreSQL processes working in that data folder (Linux). */
export async function postgresProcesses(dataDir: string): Promise<number[]> {
  const pids = (await readdir("/proc").catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const folders = await Promise.all(
    pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)),
  );
  return pids.filter((_, index) => folders[index] === dataDir);
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
