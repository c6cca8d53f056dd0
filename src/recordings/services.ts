import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import type { CaptureCopies } from "../media/format/port.ts";
import type { Storage } from "../storage/port.ts";
import type { VideoProvider } from "../video/port.ts";

/** What the use cases of this room work with; a part of every function's services. */
export interface RecordingServices {
  config: Pick<
    Config,
    | "recordingMaxSeconds"
    | "recordingEmptySeconds"
    | "diskReserveBytes"
    | "quotaBytes"
    | "composer"
    | "composeJobs"
    | "keepLocalCapturesHours"
  >;
  db: Database;
  video: VideoProvider;
  storage: Storage;
  /** The captures on this disk, of those that are archived. */
  copies: CaptureCopies;
  clock: Clock;
  log: Log;
  nodeId: string;
  /** The data folder in which this node records; null where the provider keeps the media. */
  siteId: string | null;
  publicUrl(): string;
  freeDiskBytes(): Promise<number>;
}
