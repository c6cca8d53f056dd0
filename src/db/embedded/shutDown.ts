import type { Clock } from "../../core/clock.ts";
import { readLockFile } from "./lockFile.ts";
import { isPostgres, parentOf, postgresProcesses, sendSignal } from "./processes.ts";

/** A postmaster as far as ending it is concerned. */
export interface Postmaster {
  readonly pid: number;
  alive(): boolean | Promise<boolean>;
}

/** How long each way of ending a process may take, ms: a fast shutdown writes a checkpoint. */
const budgetsMs = { SIGINT: 20_000, SIGQUIT: 8_000, SIGKILL: 5_000 } as const;
/** How long strays may take to end by themselves, ms. */
const straysBudgetMs = 20_000;
const pollMs = 25;

/**
 * Fast shutdown, then, and at once when there is `hurry`, immediate (which loses nothing: the log is replayed at the next
 * start), then by force.
 */
export async function shutDown(
  { pid, alive }: Postmaster,
  clock: Clock,
  hurry: AbortSignal = new AbortController().signal,
): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    const gentle = signal === "SIGINT";
    if (gentle && hurry.aborted) continue;
    if (!(await alive())) return;
    sendSignal(pid, signal);
    const stays = async () => !(gentle && hurry.aborted) && (await alive());
    await waitWhile(stays, clock, budgetsMs[signal]);
  }
}

/**
 * Waits until all processes that no postmaster owns have left the data folder; kills those that do not leave by
 * themselves. The log writer ends after its postmaster, which does not wait for it, and the children of a killed
 * postmaster end once they notice. Returns at once except on Linux.
 */
export async function clearStrays(dataDir: string, clock: Clock): Promise<void> {
  const strays = async (pids: readonly number[]) => {
    const found: number[] = [];
    for (const pid of pids) if (await isStray(pid, dataDir)) found.push(pid);
    return found;
  };
  // Looked for once: what comes later belongs to a new postmaster.
  let left = await strays(await postgresProcesses(dataDir));
  const some = async () => {
    left = await strays(left);
    return left.length > 0;
  };
  await waitWhile(some, clock, straysBudgetMs);
  for (const pid of left) sendSignal(pid, "SIGKILL");
  await waitWhile(some, clock, budgetsMs.SIGKILL);
}

/**
 * Whether it works in the data folder without a postmaster that has the folder: one left behind, or a postmaster
 * that has not got the lock file, which it soon does or else ends.
 */
async function isStray(pid: number, dataDir: string): Promise<boolean> {
  const parent = await parentOf(pid);
  if (parent === undefined || !(await isPostgres(pid, dataDir))) return false;
  // The parent is looked at after the child: a postmaster is in the folder before it has children.
  if (await isPostgres(parent, dataDir)) return false;
  return (await readLockFile(dataDir))?.pid !== pid;
}

async function waitWhile(
  condition: () => boolean | Promise<boolean>,
  clock: Clock,
  budgetMs: number,
): Promise<void> {
  const deadline = clock.now() + budgetMs;
  while ((await condition()) && clock.now() < deadline) await clock.sleep(pollMs);
}
