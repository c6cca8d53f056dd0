import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import type { Tx } from "../db/port.ts";
import { cancelMeeting } from "../meetings/lifecycle/endMeeting.ts";
import { lockMeeting } from "../meetings/store.ts";
import { endMatch } from "./endings.ts";
import { type MatchServices, makeMatch } from "./makeMatch.ts";
import type { EntryStatus } from "./match.ts";
import { findMatchOf, lockMatch, openMatchOf } from "./matchStore.ts";
import {
  type Entry,
  findEntry,
  latestEntry,
  lockEntry,
  moveEntry,
  returnEntry,
} from "./queueStore.ts";
import { weightsInForce } from "./weights.ts";

/** What an administrator makes of an entry. */
export interface ForcedStatus {
  queueId: string;
  status: EntryStatus;
  /** With whom, of `matched`. */
  matchedWith?: string | undefined;
}

/**
 * Gives an entry another status, with all that follows: a match is made or ended, and its meeting.
 * @throws AppError NOT_FOUND, VALIDATION_ERROR with `field` or `reason`
 */
export async function forceStatus(
  tx: Tx,
  services: MatchServices,
  { queueId, status, matchedWith }: ForcedStatus,
): Promise<void> {
  const entry = /^[\w-]{1,64}$/.test(queueId) ? await findEntry(tx, queueId) : undefined;
  if (!entry)
    throw new AppError("NOT_FOUND", "Queue entry not found", { id: queueId.slice(0, 64) });
  if (status === "matched") await matchWith(tx, services, entry, matchedWith);
  else if (matchedWith !== undefined)
    refuse("matchedWith", "matchedWith is for the status matched alone");
  else await moveTo(tx, entry, status);
  await recordAudit(tx, {
    ...{ resourceType: "queueEntry", resourceId: queueId, action: "queueEntry.force" },
    metadata: { from: entry.status, to: status },
  });
}

async function matchWith(
  tx: Tx,
  services: MatchServices,
  entry: Entry,
  userId: string | undefined,
): Promise<void> {
  if (userId === undefined)
    return refuse("matchedWith", "matchedWith must name who it is matched with");
  if (entry.status === "matched" && entry.matchedWith === userId) return;
  const other = /^[\w-]{1,64}$/.test(userId) ? await latestEntry(tx, userId) : undefined;
  const made =
    other &&
    (await makeMatch(tx, services, {
      entryIds: [entry.id, other.id],
      minScore: 0,
      weightsOf: await weightsInForce(tx),
    }));
  if (!made) refuse("matchedWith", "Both must wait, and be free at the same time");
}

async function moveTo(
  tx: Tx,
  { id, userId, status: before }: Entry,
  status: Exclude<EntryStatus, "matched">,
): Promise<void> {
  if (before === "matched") await endMatchOf(tx, { id, userId });
  const locked = await lockEntry(tx, id);
  if (!locked || locked.status === status) return;
  if (status !== "waiting") return moveEntry(tx, { id, userId }, status);
  const latest = await latestEntry(tx, userId);
  if (latest?.id !== id || (await openMatchOf(tx, userId)))
    refuse("status", "Its owner waits with another entry, or is matched");
  if ((await returnEntry(tx, { id, userId })) === "expired")
    refuse("status", "The time of this entry is over");
}

/** Both wait again: the caller goes on with one of them. */
async function endMatchOf(tx: Tx, entry: { id: string; userId: string }): Promise<void> {
  const found = await findMatchOf(tx, entry.userId, entry.id);
  const open = await openMatchOf(tx, entry.userId);
  if (!found || open?.id !== found.id) return;
  const { state } = await lockMeeting(tx, found.meetingId);
  const match = await lockMatch(tx, found.id);
  if (state === "active") refuse("status", "Its owner is in the meeting of this match");
  await endMatch(tx, match, { state: "declined", leaving: [] });
  if (state === "scheduled") await cancelMeeting(tx, found.meetingId);
}

function refuse(field: string, message: string): never {
  throw new AppError("VALIDATION_ERROR", message, { field });
}
