import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Uptime } from "../../media/format/log/captureFolder.ts";

export interface CapturesOptions {
  recordingsDir: string;
  /** Captures end when less is free, bytes. */
  diskFloorBytes: number;
  /** What one recording may take of the space above that, percent: with more it ends alone. */
  diskShare: number;
}

export interface CapturesDeps {
  clock: Clock;
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  /** How long this machine has been up. */
  uptime?: () => Uptime | undefined;
  /** Free bytes where captures are written. */
  freeBytes: () => Promise<number>;
}
