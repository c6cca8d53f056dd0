import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 50;

/** Polls, as a rule every 50 ms, until `condition` holds; fails with what was waited for. */
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
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await sleep(everyMs);
  }
}
