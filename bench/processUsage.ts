import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** Whether this system tells what other processes use. */
export const usageIsKnown = (): boolean => existsSync("/proc/self/smaps_rollup");

/** Clock ticks a second in `/proc`: part of Linux's interface, the same on every architecture. */
const ticksPerSecond = 100;

/** CPU time a process has used with all its threads, in user and kernel mode, seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const fields = await statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident set size, bytes. */
export function residentBytes(pid: number): Promise<number> {
  return memoryOf(pid, "Rss");
}

/** Memory of a process and all that descend from it, pages they share counted once (proportional set size), bytes. */
export async function treeBytes(root: number): Promise<number> {
  const pids = [root, ...(await descendants(root))];
  const sizes = await Promise.all(pids.map((pid) => memoryOf(pid, "Pss").catch(() => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function memoryOf(pid: number, kind: "Rss" | "Pss"): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kibibytes = new RegExp(`^${kind}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} does not tell its memory`);
  return Number(kibibytes) * 1024;
}

async function descendants(root: number): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter(Number.isInteger);
  const parents = await Promise.all(pids.map(async (pid) => [pid, await parentOf(pid)] as const));
  const below = (parent: number): number[] =>
    parents.filter(([, of]) => of === parent).flatMap(([pid]) => [pid, ...below(pid)]);
  return below(root);
}

async function parentOf(pid: number): Promise<number> {
  return Number((await statFields(pid).catch(() => []))[1]);
}

/** Fields of `/proc/<pid>/stat` behind the program's name, which may hold blanks: state, parent, … */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
