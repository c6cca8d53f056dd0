import { readdir, readFile, readlink } from "node:fs/promises";

/** A process of ours, told from others by the data folder it works in (Linux). */
export interface FoundProcess {
  pid: number;
  parent: number;
  role: "server" | "rooms" | "composer" | "speech" | "postgres" | "other";
  command: string;
}

/** Every process working in that data folder, whoever started it; `servers` are told by their ids. */
export async function processesOf(
  dataDir: string,
  servers: readonly number[] = [],
): Promise<FoundProcess[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => describe(pid, dataDir, servers)));
  return found.filter((process) => process !== undefined);
}

/** kill -9 of all of them; none may be left to clean up. */
export async function killAll(processes: readonly FoundProcess[]): Promise<void> {
  for (const { pid } of processes) killHard(pid);
}

/** Whether a process has not ended (Linux). */
export async function isRunning(pid: number): Promise<boolean> {
  const { state } = await statOf(pid);
  return state !== undefined && state !== "" && state !== "Z";
}

/** kill -9; no error when it is gone already. */
export function killHard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone with its parent.
  }
}

async function describe(
  pid: number,
  dataDir: string,
  servers: readonly number[],
): Promise<FoundProcess | undefined> {
  const [cwd, command, { state, parent }] = await Promise.all([
    readlink(`/proc/${pid}/cwd`).catch(() => ""),
    readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
    statOf(pid),
  ]);
  if (state === undefined || state === "" || state === "Z") return undefined;
  const role = roleOf({ pid, parent: Number(parent), cwd, command }, dataDir, servers);
  if (role === undefined) return undefined;
  const shown = command.replaceAll("\0", " ").trim();
  return { pid, parent: Number(parent), role, command: shown };
}

async function statOf(pid: number) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state, parent };
}

function roleOf(
  { pid, parent, cwd, command }: { pid: number; parent: number; cwd: string; command: string },
  dataDir: string,
  servers: readonly number[],
): FoundProcess["role"] | undefined {
  if (servers.includes(pid)) return "server";
  if (cwd === `${dataDir}/postgres`) return "postgres";
  if (command.includes("composeProcess") && servers.includes(parent)) return "composer";
  if (command.includes("speechProcess") && servers.includes(parent)) return "speech";
  if (command.includes("roomProcess") && command.includes(`${dataDir}/`)) return "rooms";
  return command.includes(`${dataDir}/`) || servers.includes(parent) ? "other" : undefined;
}
