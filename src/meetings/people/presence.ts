import { recordEvent } from "../../audit/record.ts";
import { type Database, type ReadTx, statement } from "../../db/port.ts";
import type { RoomPresence } from "../../video/port.ts";

interface Seen {
  meetingId: string;
}

/** Nobody comes into a meeting that is over. */
const seeJoined = statement<Seen>(
  "meetings.seeJoined",
  `UPDATE meeting_participants p SET in_room = true, presence = 'joined',
     joined_at = CASE WHEN presence = 'joined' THEN joined_at ELSE to_timestamp($3::double precision / 1000) END
   FROM meetings m
   WHERE m.room_id = $1 AND m.state = 'active' AND p.meeting_id = m.id AND p.user_id = $2
     AND NOT (p.in_room AND p.presence = 'joined')
   RETURNING p.meeting_id AS "meetingId"`,
);

const seeLeft = statement<Seen>(
  "meetings.seeLeft",
  `UPDATE meeting_participants p SET in_room = false, presence = 'left',
     left_at = to_timestamp($3::double precision / 1000)
   FROM meetings m
   WHERE m.room_id = $1 AND p.meeting_id = m.id AND p.user_id = $2 AND p.in_room
   RETURNING p.meeting_id AS "meetingId"`,
);

const listInRoom = statement<{ userId: string }>(
  "meetings.listInRoom",
  `SELECT user_id AS "userId" FROM meeting_participants
   WHERE meeting_id = $1 AND in_room ORDER BY joined_at, user_id`,
);

/**
 * Notes what media shows of a participant. A repeat changes nothing; rooms and people nobody knows are ignored.
 * Presences of one room are to be given one after the other, in the order they happened.
 */
export async function recordPresence(db: Database, presence: RoomPresence): Promise<void> {
  const { roomId, userId, state, at } = presence;
  await db.transaction(async (tx) => {
    const seen = await tx.first(state === "joined" ? seeJoined : seeLeft, [roomId, userId, at]);
    if (!seen) return;
    tx.writes(`meeting:${seen.meetingId}`, `memberships:${userId}`);
    const type = state === "joined" ? "participant_entered_room" : "participant_left_room";
    await recordEvent(tx, { meetingId: seen.meetingId, type, data: { userId } });
  });
}

/** Ids of the users whose media is in the meeting's room, in the order they came. */
export async function peopleInRoom(tx: ReadTx, meetingId: string): Promise<string[]> {
  tx.reads(`meeting:${meetingId}`);
  return (await tx.all(listInRoom, [meetingId])).map((row) => row.userId);
}
