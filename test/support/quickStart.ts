import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "vitest";

/** As many bare starts of Node a start of ours may take where that is longer than a second. */
const mostBareStarts = 15;

interface Measured {
  ms: number;
  /** What a process that does nothing took to start and end just before. */
  bareMs: number;
}

/** Runs `start` some times and expects the best of them to be over within a second: what is up is up at once. */
export async function expectWithinSecond(start: () => Promise<unknown>): Promise<void> {
  const measured: Measured[] = [];
  // More than one, as another process may need the machine just then, and beside the least it can do now.
  for (let count = 0; count < 3; count++) {
    const bareMs = await durationOf(() => promisify(execFile)(process.execPath, ["-e", ""]));
    measured.push({ ms: await durationOf(start), bareMs });
  }
  const quick = measured.filter(({ ms, bareMs }) => ms < Math.max(1000, mostBareStarts * bareMs));
  expect(quick, JSON.stringify(measured)).not.toHaveLength(0);
}

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
