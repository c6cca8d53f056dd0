import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { claimSite, releaseSite, renewSite, renewSiteMs, type Site } from "../recordings/sites.ts";
import { startLoop } from "./loop.ts";

/**
 * Claims the database for a data folder and keeps the claim until `close`.
 * @throws AppError CONFLICT while a server of another folder runs
 */
export async function holdSite(
  { db, clock, log }: { db: Database; clock: Clock; log: Log },
  site: Site,
): Promise<{ close(): Promise<void> }> {
  await claimSite(db, site);
  const work = async () => {
    await db.transaction((tx) => renewSite(tx, site));
    return false;
  };
  const loop = startLoop({ name: "site", idleMs: renewSiteMs, clock, log, work });
  return {
    close: async () => {
      await loop.stop();
      await db.transaction((tx) => releaseSite(tx, site));
    },
  };
}
