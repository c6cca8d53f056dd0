import type { ParticipantGrant } from "../../auth/permission.ts";
import type { PeerTokens } from "../../auth/tokens/peerTokens.ts";
import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { featuresOf, type Meeting, videoProviderOf } from "../meeting.ts";
import { peerRoomId } from "../room/connectionInfo.ts";
import { iceServersOf } from "../room/iceServers.ts";
import { ensureRoom } from "../room/room.ts";
import { roomToken } from "../room/roomToken.ts";
import type { MeetingServices } from "../services.ts";
import { mayGrow } from "../states.ts";
import { findMember, requireMeeting } from "../store.ts";
import { requireActiveMeeting } from "./peerMeeting.ts";
import { invalid } from "./sessionRules.ts";

type RoomServices = Pick<MeetingServices, "db" | "video" | "config" | "clock">;

/**
 * The meeting's way to connect, as it was decided when the meeting was made; asking changes nothing but that the room of a
 * paid one is opened.
 * @throws AppError VALIDATION_ERROR (`maxParticipants` above the meeting's, with `limit`; meeting over), MEETING_NOT_ACTIVE
 * and what the provider refuses with (paid)
 */
export async function initializeRoom(
  services: RoomServices,
  userId: string,
  { meetingId, maxParticipants }: { meetingId: string; maxParticipants: number | undefined },
) {
  const meeting = await services.db.read((tx) => requireMeeting(tx, meetingId));
  orThrow(mayGrow(meeting));
  if (maxParticipants !== undefined) checkCapacity(meeting, maxParticipants);
  const provider = videoProviderOf(meeting.tier);
  const isFree = provider === "webrtc";
  return {
    success: true,
    provider,
    roomId: isFree ? peerRoomId(meetingId) : await ensureRoom(services, meetingId),
    iceServers: iceServersOf(services, userId),
    // Nothing here carries messages.
    features: { ...featuresOf(meeting), chat: false, screenSharing: true },
  };
}

function checkCapacity({ maxParticipants: limit }: Meeting, wanted: number): void {
  orThrow(wholeNumber("maxParticipants", wanted));
  if (wanted <= limit) return;
  const message = `The meeting takes ${limit} people at most`;
  orThrow(invalid("maxParticipants", message, { limit }));
}

interface TokenRequest {
  meetingId: string;
  /** What the token is for; undefined = the caller's place in the meeting. */
  sessionId: string | undefined;
}

/**
 * A token for the caller's place: of a paid meeting that of its room, of a free one a signed statement of who they are in
 * it and what they may do, good for an hour.
 * @throws AppError MEETING_NOT_ACTIVE; INSUFFICIENT_PERMISSIONS (observers); VALIDATION_ERROR (sessionId); NOT_FOUND (removed
 * meanwhile); STREAM_ERROR, EXTERNAL_SERVICE_TIMEOUT (paid)
 */
export async function accessToken(
  services: RoomServices & { peerTokens: PeerTokens },
  grant: ParticipantGrant,
  { meetingId, sessionId }: TokenRequest,
) {
  if (sessionId !== undefined) orThrow(clientName("sessionId", sessionId));
  const { meeting, member } = await services.db.read(async (tx) => ({
    meeting: await requireActiveMeeting(tx, meetingId),
    member: await findMember(tx, meetingId, grant.user.id),
  }));
  if (!member) throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  if (member.role === "observer") throw observersWatch();
  const isHost = member.role === "host";
  const permissions = {
    canKick: isHost,
    canMute: isHost,
    canRecord: isHost && meeting.recordingPermitted,
    canShare: true,
  };
  const participantId = sessionId ?? member.id;
  const provider = videoProviderOf(meeting.tier);
  const answer = { participantId, permissions, provider, success: true };
  if (meeting.tier === "paid") {
    const { token } = await roomToken(services, grant, meetingId);
    return { ...answer, token, roomId: await ensureRoom(services, meetingId) };
  }
  const roomId = peerRoomId(meetingId);
  const { user } = grant;
  const claims = { userId: user.id, roomId, meetingId, participantId, role: member.role };
  return { ...answer, roomId, token: await services.peerTokens.sign({ ...claims, permissions }) };
}

function observersWatch(): AppError {
  return new AppError("INSUFFICIENT_PERMISSIONS", "Observers send nothing, and need no token", {
    requiredRole: "participant",
    currentRole: "observer",
  });
}
