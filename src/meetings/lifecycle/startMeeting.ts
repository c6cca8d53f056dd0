import { orThrow } from "../../core/result.ts";
import type { Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import { videoProviderOf } from "../meeting.ts";
import { peerRoomId } from "../room/connectionInfo.ts";
import { iceServersOf } from "../room/iceServers.ts";
import { ensureRoom, roomOf } from "../room/room.ts";
import type { MeetingServices } from "../services.ts";
import { mayStart } from "../states.ts";
import { lockMeeting, moveMeeting } from "../store.ts";

/**
 * Starts a scheduled meeting. The room of a paid one is opened once this is committed, and again and again by
 * `settleRooms` until the provider has confirmed it; a free one needs none.
 * @throws AppError VALIDATION_ERROR with the state it is in
 */
export async function startMeeting(
  tx: Tx,
  services: MeetingServices,
  meetingId: string,
  actorUserId: string,
) {
  const meeting = await lockMeeting(tx, meetingId);
  orThrow(mayStart(meeting));
  await moveMeeting(tx, meetingId, "active");
  await announce(tx, { meetingId, type: "meeting_started", actorUserId });
  const videoProvider = videoProviderOf(meeting.tier);
  if (meeting.tier === "free") {
    const roomInfo = {
      roomId: peerRoomId(meetingId),
      iceServers: iceServersOf(services, actorUserId),
    };
    return { success: true, videoProvider, webrtcReady: true, roomInfo };
  }
  tx.afterCommit(() => openAtOnce(services, meetingId));
  const { roomId } = roomOf(meetingId);
  const roomInfo = { roomId, iceServers: iceServersOf(services, actorUserId) };
  return { success: true, videoProvider, webrtcReady: false, roomInfo };
}

async function openAtOnce(services: MeetingServices, meetingId: string): Promise<void> {
  try {
    await ensureRoom(services, meetingId);
  } catch (error) {
    services.log.warn({ err: error, meetingId }, "the room is not open yet; it is tried again");
  }
}
