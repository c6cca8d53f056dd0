import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pass } from "node:timers/promises";
import { type Browser, chromium } from "playwright-core";
import { launchOptions } from "./chromium.ts";
import { followWindows } from "./windowEvidence.ts";

/** A Chromium of its own that can sleep, as a laptop whose lid is closed. */
export interface SleepingChromium {
  browser: Browser;
  /** Stops all its processes for so long, and lets them go on. */
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

export async function openSleepingChromium(): Promise<SleepingChromium> {
  const server = await chromium.launchServer(launchOptions());
  const browser = await chromium.connect(server.wsEndpoint());
  followWindows(browser);
  const { pid } = server.process();
  return {
    browser,
    sleep: async (ms) => {
      const family = await familyOf(pid ?? 0);
      signal(family, "SIGSTOP");
      // This time itself is what is wanted: nothing happens meanwhile that could be waited for.
      await pass(ms);
      signal(family, "SIGCONT");
    },
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** A process and all that it has started, directly or not (Linux). */
async function familyOf(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of (await readdir("/proc")).filter((one) => /^\d+$/.test(one))) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const family = [pid];
  for (const one of family)
    for (const [child, parent] of parents) if (parent === one) family.push(child);
  return family;
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}
