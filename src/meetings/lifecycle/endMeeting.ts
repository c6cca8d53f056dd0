import { orThrow } from "../../core/result.ts";
import { statement, type Tx } from "../../db/port.ts";
import { queueInsights } from "../../insights/queue.ts";
import { meetingCancelled, meetingEnded } from "../../matching/endings.ts";
import { requestStopForMeeting } from "../../recordings/lifecycle/requestStop.ts";
import { announce } from "../announce.ts";
import { closeRoom } from "../room/room.ts";
import type { MeetingServices } from "../services.ts";
import { mayCancel, requireActive } from "../states.ts";
import { lockMeeting, moveMeeting } from "../store.ts";
import { closeSessionsIn } from "../webrtc/sessions.ts";

const sendHome = statement(
  "meetings.sendHome",
  `UPDATE meeting_participants SET in_room = false, presence = 'left', left_at = app_now()
   WHERE meeting_id = $1 AND (in_room OR presence = 'joined')`,
);

/**
 * Ends a running meeting; the actor is absent for the server itself: everybody has left, its recording stops, its room closes,
 * and what can be learned from it is told soon. `duration` = how long it ran, ms.
 * @throws AppError MEETING_NOT_ACTIVE
 */
export async function endMeeting(
  tx: Tx,
  services: MeetingServices,
  meetingId: string,
  actorUserId?: string,
) {
  const meeting = await lockMeeting(tx, meetingId);
  orThrow(requireActive(meeting));
  const actor = actorUserId === undefined ? {} : { actorUserId };
  await requestStopForMeeting(tx, meetingId, { reason: "meeting_ended", ...actor });
  const { startedAt, endedAt } = await moveMeeting(tx, meetingId, "concluded");
  await tx.run(sendHome, [meetingId]);
  await closeSessionsIn(tx, meetingId);
  await queueInsights(tx, meetingId);
  await meetingEnded(tx, meetingId);
  const duration = Math.max(0, Math.round((endedAt ?? 0) - (startedAt ?? endedAt ?? 0)));
  await announce(tx, { meetingId, type: "meeting_ended", data: { duration }, actorUserId });
  if (meeting.tier === "paid") tx.afterCommit(() => closeAtOnce(services, meetingId));
  return { success: true, duration };
}

async function closeAtOnce(services: MeetingServices, meetingId: string): Promise<void> {
  try {
    await closeRoom(services, meetingId);
  } catch (error) {
    services.log.warn({ err: error, meetingId }, "the room is not closed yet; it is tried again");
  }
}

/** Cancels a scheduled meeting; the actor is absent for the server itself. @throws AppError VALIDATION_ERROR with the state it is in */
export async function cancelMeeting(
  tx: Tx,
  meetingId: string,
  actorUserId?: string,
): Promise<void> {
  orThrow(mayCancel(await lockMeeting(tx, meetingId)));
  await moveMeeting(tx, meetingId, "cancelled");
  await meetingCancelled(tx, meetingId, actorUserId);
  await announce(tx, { meetingId, type: "meeting_cancelled", actorUserId });
}
