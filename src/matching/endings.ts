import { recordAudit } from "../audit/record.ts";
import type { Tx } from "../db/port.ts";
import type { MeetingState } from "../meetings/meeting.ts";
import type { MatchState } from "./match.ts";
import {
  closeMatch,
  lockMatch,
  type Match,
  openMatchOfMeeting,
  settleMatch,
} from "./matchStore.ts";
import { lockEntry, moveEntry, returnEntry } from "./queueStore.ts";

/**
 * Ends a locked match that comes to nothing. Those who leave wait no longer, the others have their place in the queue again.
 * Their meeting is up to the caller.
 */
export async function endMatch(
  tx: Tx,
  match: Match,
  { state, leaving, actorUserId }: Ending,
): Promise<void> {
  await settleMatch(tx, match, state);
  await closeMatch(tx, match);
  for (const { userId, entryId } of match.people) {
    // Whoever was taken out by force keeps what they were given.
    if ((await lockEntry(tx, entryId))?.status !== "matched") continue;
    const entry = { id: entryId, userId };
    if (!leaving.includes(userId)) await returnEntry(tx, entry);
    else await moveEntry(tx, entry, state === "lapsed" ? "expired" : "cancelled");
  }
  await recordAudit(tx, {
    ...{ actorUserId, meetingId: match.meetingId, resourceType: "match", resourceId: match.id },
    action: `match.${state === "lapsed" ? "lapse" : "decline"}`,
  });
}

interface Ending {
  state: Extract<MatchState, "declined" | "lapsed">;
  /** Who does not get their place back. */
  leaving: readonly string[];
  /** Absent = the server itself or the administrator. */
  actorUserId?: string | undefined;
}

/** The meeting of a match is cancelled under its lock: who did so has declined. */
export async function meetingCancelled(
  tx: Tx,
  meetingId: string,
  actorUserId: string | undefined,
): Promise<void> {
  const open = await openMatchOfMeeting(tx, meetingId);
  if (!open) return;
  const leaving = actorUserId === undefined ? [] : [actorUserId];
  await endMatch(tx, await lockMatch(tx, open.id), { state: "declined", leaving, actorUserId });
}

/**
 * One of two is taken out of the meeting of their match, under its lock: a running one is over for them, any other comes to
 * nothing, and who took them out has declined.
 * @returns whether the meeting has lost what it is for, and is to be cancelled
 */
export async function partnerRemoved(
  tx: Tx,
  meeting: { id: string; state: MeetingState },
  { userId, actorUserId }: { userId: string; actorUserId: string },
): Promise<boolean> {
  const open = await openMatchOfMeeting(tx, meeting.id);
  if (!open) return false;
  const match = await lockMatch(tx, open.id);
  const isOneOfThem = (id: string) => match.people.some((person) => person.userId === id);
  if (!isOneOfThem(userId)) return false;
  if (meeting.state === "active") {
    await meetingEnded(tx, meeting.id);
    return false;
  }
  const leaving = isOneOfThem(actorUserId) ? [actorUserId] : [];
  await endMatch(tx, match, { state: "declined", leaving, actorUserId });
  return meeting.state === "scheduled";
}

/** The meeting of a match has ended or is over for its people, under its lock: both may enter the queue again. */
export async function meetingEnded(tx: Tx, meetingId: string): Promise<void> {
  const open = await openMatchOfMeeting(tx, meetingId);
  if (!open) return;
  const match = await lockMatch(tx, open.id);
  if (match.state === "proposed") await settleMatch(tx, match, "lapsed");
  await closeMatch(tx, match);
}
