import { orThrow } from "../../core/result.ts";
import { statement, type Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import { mayJoin } from "../rules.ts";
import { findMember, headcount, lockMeeting } from "../store.ts";
import { closeSessionsOf } from "../webrtc/sessions.ts";

/** `left_at` stays: it tells when somebody was last seen to go, also after they have come back. */
const markJoined = statement(
  "meetings.markJoined",
  `UPDATE meeting_participants SET presence = 'joined', joined_at = app_now()
   WHERE meeting_id = $1 AND user_id = $2 AND presence <> 'joined'`,
);

const markLeft = statement<{ id: string }>(
  "meetings.markLeft",
  `UPDATE meeting_participants SET presence = 'left', left_at = app_now()
   WHERE meeting_id = $1 AND user_id = $2 AND presence <> 'left' RETURNING id`,
);

interface Attendee {
  meetingId: string;
  userId: string;
}

/**
 * Declares a participant present; again is no change. `webrtcReady` = there is something to connect to.
 * @throws AppError MEETING_NOT_ACTIVE, VALIDATION_ERROR (full, with `limit`)
 */
export async function joinMeeting(tx: Tx, { meetingId, userId }: Attendee) {
  const meeting = await lockMeeting(tx, meetingId);
  const member = await findMember(tx, meetingId, userId);
  if (!member) throw new Error("a granted participant has no place in the meeting");
  orThrow(mayJoin(meeting, member, await headcount(tx, meetingId)));
  if ((await tx.run(markJoined, [meetingId, userId])) > 0) {
    await tell(tx, "participant_joined", { meetingId, userId }, member.id);
  }
  return { success: true, webrtcReady: meeting.tier === "free" || meeting.roomId !== null };
}

/**
 * Declares a participant gone, in any state of the meeting; again is no change. Media of a room is not touched; sessions of
 * a free meeting are closed.
 */
export async function leaveMeeting(tx: Tx, attendee: Attendee) {
  const { meetingId, userId } = attendee;
  const left = await tx.first(markLeft, [meetingId, userId]);
  await closeSessionsOf(tx, meetingId, userId);
  if (left) await tell(tx, "participant_left", attendee, left.id);
  return { success: true };
}

async function tell(tx: Tx, type: string, { meetingId, userId }: Attendee, participantId: string) {
  tx.writes(`meeting:${meetingId}`, `memberships:${userId}`);
  await announce(tx, {
    meetingId,
    type,
    resource: { resourceType: "participant", resourceId: participantId },
    data: { userId },
    actorUserId: userId,
  });
}
