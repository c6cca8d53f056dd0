import { recordAudit } from "../audit/record.ts";
import { type Database, statement, type Tx } from "../db/port.ts";
import { cancelMeeting } from "../meetings/lifecycle/endMeeting.ts";
import { lockMeeting } from "../meetings/store.ts";
import { endMatch, meetingEnded } from "./endings.ts";
import { closeMatch, lockMatch, openMatchOfMeeting } from "./matchStore.ts";
import { expireEntries, forgetEntries } from "./queueStore.ts";

const batch = 100;

const theirPlaces = `meeting_participants a JOIN match_people o ON o.match_id = m.id AND o.user_id = a.user_id
    JOIN users v ON v.id = a.user_id`;

/**
 * The two of match `m` have been in its running meeting `t` and are in it no more, for a minute: a page that is reloaded is back by
 * then. Where nobody has said that they came, its time has to be over.
 */
const isDeserted = `t.state = 'active' AND NOT EXISTS (
  SELECT 1 FROM ${theirPlaces} WHERE a.meeting_id = t.id AND v.is_active
    AND (a.in_room OR a.presence = 'joined' OR a.left_at > app_now() - interval '1 minute'))
  AND (m.ends_at < app_now() OR EXISTS (
    SELECT 1 FROM ${theirPlaces} WHERE a.meeting_id = t.id AND a.left_at IS NOT NULL))`;

/**
 * Open matches that are not answered in time, whose time is over, one of whose people has been deactivated, or whose people have
 * both left their meeting without ending it.
 */
const findDue = statement<{ meetingId: string }>(
  "matches.due",
  `SELECT DISTINCT m.meeting_id AS "meetingId"
   FROM match_people p JOIN matches m ON m.id = p.match_id JOIN users u ON u.id = p.user_id
     JOIN meetings t ON t.id = m.meeting_id
   WHERE p.is_open AND (${isDeserted} OR t.state <> 'active' AND (
     NOT u.is_active OR m.ends_at < app_now() OR m.state = 'proposed' AND m.answer_by < app_now()))
   LIMIT ${batch}`,
);

interface Standing {
  isOver: boolean;
  isLate: boolean;
  isDeserted: boolean;
  inactive: string[];
}

const standingOf = statement<Standing>(
  "matches.standing",
  `SELECT m.ends_at < app_now() AS "isOver", m.state = 'proposed' AND m.answer_by < app_now() AS "isLate",
     ${isDeserted} AS "isDeserted", ARRAY(SELECT u.id FROM match_people p JOIN users u ON u.id = p.user_id
       WHERE p.match_id = m.id AND NOT u.is_active) AS inactive
   FROM matches m JOIN meetings t ON t.id = m.meeting_id WHERE m.id = $1`,
);

/** Ends what is over: entries and matches. Safe on any number of nodes at once. @returns whether there may be more */
export async function sweepMatching(db: Database): Promise<boolean> {
  const ended = await db.transaction(async (tx) => {
    await forgetEntries(tx, batch);
    const entries = await expireEntries(tx, batch);
    for (const { id: resourceId } of entries)
      await recordAudit(tx, {
        ...{ resourceType: "queueEntry", resourceId, action: "queueEntry.expire" },
      });
    return entries.length;
  });
  const due = await db.read((tx) => tx.all(findDue));
  for (const { meetingId } of due) await db.transaction((tx) => endDue(tx, meetingId));
  return ended === batch || due.length === batch;
}

async function endDue(tx: Tx, meetingId: string): Promise<void> {
  const { state } = await lockMeeting(tx, meetingId);
  const open = await openMatchOfMeeting(tx, meetingId);
  if (!open) return;
  const match = await lockMatch(tx, open.id);
  const standing = await tx.first(standingOf, [match.id]);
  if (standing?.isDeserted === true) return meetingEnded(tx, meetingId);
  if (!standing || state === "active") return;
  if (standing.inactive.length > 0)
    await endMatch(tx, match, { state: "declined", leaving: standing.inactive });
  else if (standing.isLate) {
    const silent = match.people.filter(({ acceptedAt }) => acceptedAt === null);
    const leaving = silent.map(({ userId }) => userId);
    await endMatch(tx, match, { state: "lapsed", leaving });
  } else if (standing.isOver) return closeMatch(tx, match);
  else return;
  if (state === "scheduled") await cancelMeeting(tx, meetingId);
}
