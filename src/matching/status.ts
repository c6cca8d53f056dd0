import { known } from "../core/known.ts";
import { orThrow } from "../core/result.ts";
import { pageLength, wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { partnersCount } from "./candidates.ts";
import { type Entry, latestEntry, placeInQueue, waitingEntries } from "./queueStore.ts";

/** Of fewer recent matches nothing is told of how long one waits. */
const fewestWaits = 3;
/** Longer ahead nobody may be free. */
const longestWindow = 31 * 86_400_000;
const usualEntries = 50;

const usualWait = statement<{ waits: number; median: number | null }>(
  "matching.usualWait",
  `SELECT count(*) AS waits, percentile_cont(0.5) WITHIN GROUP (ORDER BY w.waited_ms) AS median
   FROM (SELECT p.waited_ms FROM match_people p JOIN matches m ON m.id = p.match_id
     WHERE m.created_at > app_now() - interval '7 days' ORDER BY m.created_at DESC LIMIT 40) w`,
);

/** What somebody entered last, and while it waits how it stands; null where they have left. */
export async function queueStatus(tx: ReadTx, userId: string) {
  const entry = await latestEntry(tx, userId);
  if (!entry || entry.status === "cancelled") return null;
  if (entry.status !== "waiting") return entryView(entry);
  tx.reads("matching:queue", "matching:matches", `user:${userId}`);
  const { waits = 0, median = null } = (await tx.first(usualWait)) ?? {};
  return {
    ...entryView(entry),
    queuePosition: await placeInQueue(tx, entry.id),
    potentialMatches: await partnersCount(tx, entry.id),
    ...(waits >= fewestWaits && median !== null && { estimatedWaitTime: Math.round(median) }),
  };
}

/**
 * Who waits, for administrators: of their organisation, or of all (null).
 * @throws AppError VALIDATION_ERROR (`limit` 1 to 100, `timeWindow` of 31 days at most)
 */
export async function activeEntries(
  tx: ReadTx,
  orgId: string | null,
  { limit, timeWindow = longestWindow }: { limit?: number; timeWindow?: number },
) {
  const most = orThrow(pageLength(limit, usualEntries));
  const withinMs = orThrow(wholeNumber("timeWindow", timeWindow, { max: longestWindow }));
  const entries = await waitingEntries(tx, { orgId, withinMs, limit: most });
  return entries.map(entryView);
}

function entryView(entry: Entry) {
  const { id, userId, availableFrom, availableTo, interests, roles, status } = entry;
  const { createdAt, updatedAt, orgConstraints, matchedWith } = entry;
  return {
    ...{ _id: id, _creationTime: createdAt, userId, availableFrom, availableTo, status },
    ...{ createdAt, updatedAt },
    constraints: { interests, roles, ...known({ orgConstraints }) },
    ...known({ matchedWith }),
  };
}
