import { statement } from "../../db/port.ts";
import type { MeetingState } from "../meeting.ts";
import { closeMedia } from "../people/removals.ts";
import { closeRoom, ensureRoom } from "../room/room.ts";
import type { MeetingServices } from "../services.ts";

/** The pause before the next attempt grows with the age of the first: 5 s at first, 5 minutes at most. */
const nextAttempt = (since: string) =>
  `app_now() + greatest(interval '5 seconds', least(interval '5 minutes', (app_now() - ${since}) / 4))`;

/** An ended meeting's room is given up after a day, a removed person's media once their token has run out. */
const claimRooms = statement<{ id: string; state: MeetingState }>(
  "meetings.claimRooms",
  `UPDATE meetings SET room_due_at =
     CASE WHEN state = 'active' OR ended_at > app_now() - interval '1 day'
       THEN ${nextAttempt("coalesce(ended_at, started_at)")} END
   WHERE id IN (
     SELECT id FROM meetings WHERE room_due_at <= app_now()
     ORDER BY room_due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
   RETURNING id, state`,
);

const claimRemovals = statement<{ meetingId: string; userId: string }>(
  "meetings.claimRemovals",
  `UPDATE meeting_removals SET due_at =
     CASE WHEN removed_at > app_now() - interval '2 hours' THEN ${nextAttempt("removed_at")} END
   WHERE (meeting_id, user_id) IN (
     SELECT meeting_id, user_id FROM meeting_removals WHERE due_at <= app_now()
     ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
   RETURNING meeting_id AS "meetingId", user_id AS "userId"`,
);

/**
 * Makes rooms what their meetings ask for, where the attempt at the time of the change failed or was lost with its
 * process: opens those of running meetings, closes those of ended ones, closes the media of removed people.
 * Safe on any number of nodes at once. To be called about once a second.
 * @returns how many were due, of rooms or of removals, whichever were more: `limit` = there may be others
 */
export async function settleRooms(services: MeetingServices, limit = 16): Promise<number> {
  const rooms = await services.db.transaction((tx) => tx.all(claimRooms, [limit]));
  const removals = await services.db.transaction((tx) => tx.all(claimRemovals, [limit]));
  await Promise.all([
    ...rooms.map(({ id, state }) =>
      attempt(services, { meetingId: id, state }, () =>
        state === "active" ? ensureRoom(services, id) : closeRoom(services, id),
      ),
    ),
    ...removals.map(({ meetingId, userId }) =>
      attempt(services, { meetingId, userId }, () => closeMedia(services, meetingId, userId)),
    ),
  ]);
  return Math.max(rooms.length, removals.length);
}

async function attempt(
  { log }: MeetingServices,
  what: object,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.warn({ err: error, ...what }, "a room is not yet as its meeting needs it; tried again");
  }
}
