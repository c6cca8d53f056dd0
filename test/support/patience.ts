import { vi } from "vitest";

/** A busy machine may stand still for seconds at any moment; only what never comes takes as long as this, ms. */
const patienceMs = 60_000;

/** For `vi.waitFor`: what comes by itself, from another process, a disk or a socket. */
export const patience = { timeout: patienceMs, interval: 20 };

/** Lets every test and hook of the file that calls this wait so long, more than once. */
export function takeTime(): void {
  vi.setConfig({ testTimeout: 3 * patienceMs, hookTimeout: 3 * patienceMs });
}
