import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import type { VideoProvider } from "../video/port.ts";

/** What the use cases of this room work with; a part of every function's services. */
export interface MeetingServices {
  config: Pick<Config, "iceServers" | "turnUrls" | "turnSecret" | "defaultPlan">;
  clock: Clock;
  db: Database;
  video: VideoProvider;
  log: Log;
}
