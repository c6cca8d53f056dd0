import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 50;
/** Whoever has waited for long looks less often, ms: looking is work for the servers under test. */
const seldomMs = 250;

/** Polls, at first every 50 ms, until `condition` holds; fails with what was waited for. */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => Promise<boolean> | boolean,
  everyMs = pollMs,
): Promise<void> {
  const look = async () => ((await condition()) ? true : undefined);
  await eventually(what, timeoutMs, look, everyMs);
}

/** Polls until `look` finds something and returns that; fails with what was waited for, and why `look` failed last. */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  everyMs = pollMs,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = everyMs; ; pauseMs = Math.max(everyMs, Math.min(seldomMs, pauseMs * 1.2))) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await sleep(pauseMs);
  }
}
