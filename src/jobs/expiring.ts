import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import {
  type ExpireServices,
  expireRecordings,
  type Retention,
} from "../recordings/lifecycle/expire.ts";
import { expireTranscripts } from "../transcripts/expire.ts";
import { type Loop, startLoop } from "./loop.ts";

/** What is deleted at once: little enough to hold nobody up. */
const batch = 16;
/** Kept for days, so an hour more does not matter, ms. */
const idleMs = 3_600_000;

interface ExpiringServices extends ExpireServices {
  clock: Clock;
  log: Log;
}

/** Deletes recordings that were kept long enough; on every node, which take turns by themselves. */
export function startExpiringLoop(services: ExpiringServices, retention: Retention): Loop {
  const { clock, log } = services;
  const work = async () => {
    const deleted = await expireRecordings(services, retention, batch);
    if (deleted > 0) log.info({ deleted, retention }, "deleted recordings kept long enough");
    return deleted === batch;
  };
  return startLoop({ name: "expiring", idleMs, clock, log, work });
}

/** Deletes what was said in meetings that ended so many days ago; on every node. */
export function startTranscriptExpiringLoop(services: ExpiringServices, keptDays: number): Loop {
  const { db, clock, log } = services;
  const work = async () => {
    const meetings = await expireTranscripts(db, keptDays, batch);
    if (meetings > 0) log.info({ meetings, keptDays }, "deleted transcripts kept long enough");
    return meetings === batch;
  };
  return startLoop({ name: "expiringTranscripts", idleMs, clock, log, work });
}
