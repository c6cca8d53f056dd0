import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import { roomOf } from "../room/room.ts";
import type { MeetingServices } from "../services.ts";

const remember = statement(
  "meetings.rememberRemoval",
  `INSERT INTO meeting_removals (meeting_id, user_id, due_at)
   VALUES ($1, $2, CASE WHEN $3::boolean THEN app_now() + interval '5 seconds' END)
   ON CONFLICT (meeting_id, user_id) DO UPDATE SET removed_at = app_now(), due_at = EXCLUDED.due_at`,
);

const forget = statement(
  "meetings.forgetRemoval",
  "DELETE FROM meeting_removals WHERE meeting_id = $1 AND user_id = $2",
);

const recordClosed = statement(
  "meetings.recordMediaClosed",
  "UPDATE meeting_removals SET due_at = NULL WHERE meeting_id = $1 AND user_id = $2",
);

const findSince = statement<{ removed: boolean }>(
  "meetings.removedSince",
  `SELECT EXISTS (SELECT 1 FROM meeting_removals
     WHERE meeting_id = $1 AND user_id = $2
       AND removed_at >= to_timestamp($3::double precision / 1000)) AS removed`,
);

/** Notes who was taken out; `hasMedia` = their media may be running and has to be closed. */
export async function rememberRemoval(
  tx: Tx,
  meetingId: string,
  userId: string,
  hasMedia: boolean,
): Promise<void> {
  await tx.run(remember, [meetingId, userId, hasMedia]);
}

/** The user is welcome again. */
export async function forgetRemoval(tx: Tx, meetingId: string, userId: string): Promise<void> {
  await tx.run(forget, [meetingId, userId]);
}

/** Whether the user was taken out of the meeting at or after `since`, epoch ms. */
export async function wasRemovedSince(
  tx: ReadTx,
  meetingId: string,
  userId: string,
  since: number,
): Promise<boolean> {
  return (await tx.first(findSince, [meetingId, userId, since]))?.removed === true;
}

/** Closes a removed user's media in the meeting's room and refuses their tokens. Idempotent. */
export async function closeMedia(
  services: Pick<MeetingServices, "db" | "video">,
  meetingId: string,
  userId: string,
): Promise<void> {
  await services.video.removeParticipant(roomOf(meetingId), userId);
  await services.db.transaction((tx) => tx.run(recordClosed, [meetingId, userId]));
}
