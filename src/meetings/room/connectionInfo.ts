import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import type { ReadTx } from "../../db/port.ts";
import { featuresOf, type Meeting, videoProviderOf } from "../meeting.ts";
import type { MeetingServices } from "../services.ts";
import { requireActive } from "../states.ts";
import { requireMeeting } from "../store.ts";
import { iceServersOf } from "./iceServers.ts";

/** When a room that is not open yet may be asked for again, ms. */
const roomRetryMs = 2_000;

/** What peers of a free meeting know each other by; there is no room on a server. */
export function peerRoomId(meetingId: string): string {
  return `webrtc_${meetingId}`;
}

/**
 * Where a participant connects to. It only reads: a room that is not open is being opened by `settleRooms`.
 * @throws AppError MEETING_NOT_ACTIVE; STREAM_ERROR while the provider has not opened the room
 */
export async function connectionInfo(
  tx: ReadTx,
  services: Pick<MeetingServices, "config" | "clock">,
  meetingId: string,
  userId: string,
) {
  const meeting = await requireMeeting(tx, meetingId);
  orThrow(requireActive(meeting));
  return {
    success: true,
    videoProvider: videoProviderOf(meeting.tier),
    connectionInfo: {
      roomId: connectableRoom(meeting),
      iceServers: iceServersOf(services, userId),
    },
    features: featuresOf(meeting),
  };
}

function connectableRoom(meeting: Meeting): string {
  if (meeting.tier === "free") return peerRoomId(meeting.id);
  if (meeting.roomId !== null) return meeting.roomId;
  throw new AppError("STREAM_ERROR", "The video provider has not opened the meeting's room yet", {
    operation: "createRoom",
    reason: "room_not_open",
    meetingId: meeting.id,
    retryAfterMs: roomRetryMs,
  });
}
