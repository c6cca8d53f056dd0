import { readFileSync } from "node:fs";
import os from "node:os";
import type { Uptime } from "../../media/format/log/captureFolder.ts";

const bootIdFile = "/proc/sys/kernel/random/boot_id";

/** Tells how long this machine has been up; undefined where its starts cannot be told apart. */
export function machineUptime(): () => Uptime | undefined {
  const boot = readBootId();
  return () => (boot === undefined ? undefined : { boot, upMs: Math.round(os.uptime() * 1000) });
}

function readBootId(): string | undefined {
  try {
    return readFileSync(bootIdFile, "utf8").trim().slice(0, 13);
  } catch {
    return undefined;
  }
}
