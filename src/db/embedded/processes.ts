import { readdir, readFile, readlink, realpath } from "node:fs/promises";

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
 * Whether that process is a PostgreSQL process of that data folder. A bare `kill(pid, 0)` would also be answered by
 * a zombie and, after a reboot or in a restarted container, by whatever took the number over.
 */
export async function isPostgres(pid: number, dataDir: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  if (process.platform !== "linux") return true;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  if (cwd !== (await realpath(dataDir).catch(() => dataDir))) return false;
  // Not a shell somebody opened in there.
  return (await describe(pid))?.name === "postgres";
}

/** Ids of all PostgreSQL processes working in that data folder; none are known except on Linux. */
export async function postgresProcesses(dataDir: string): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (/^\d+$/.test(name) && (await isPostgres(Number(name), dataDir))) found.push(Number(name));
  }
  return found;
}

/** Id of the process that started it, or, once that one is gone, of the one that adopts orphans (Linux). */
export async function parentOf(pid: number): Promise<number | undefined> {
  return (await describe(pid))?.parent;
}

/** @throws an error other than that there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** From `/proc/<pid>/stat`: `12 (postgres) S 1 ...`; the name may hold any character. */
async function describe(pid: number): Promise<{ name: string; parent: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [, name, parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(text) ?? [];
  return name === undefined ? undefined : { name, parent: Number(parent) };
}
