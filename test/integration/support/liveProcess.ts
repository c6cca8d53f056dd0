import { readFile } from "node:fs/promises";
import { expect, vi } from "vitest";
import { patience } from "../../support/patience.ts";

/** Whether a process runs; a zombie does not. */
async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    return !/\) Z /.test(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Resolves once the process has ended: also a killed one takes a moment. */
export function gone(pid: number): Promise<void> {
  return vi.waitFor(async () => expect(await runs(pid)).toBe(false), patience);
}
