import type { ParticipantGrant } from "../../auth/permission.ts";
import { findUserById, inactiveUser } from "../../auth/users.ts";
import { AppError } from "../../core/errors.ts";
import type { ReadTx } from "../../db/port.ts";
import type { MeetingServices } from "../services.ts";
import { findMember, requireMeeting } from "../store.ts";
import { ensureRoom } from "./room.ts";

/**
 * A token for the participant's place in the meeting's room, valid for an hour and given again on every call.
 * `expiresAt` is epoch **seconds**; `userId` is whom the video provider knows the caller as.
 * @throws AppError MEETING_NOT_ACTIVE, VALIDATION_ERROR (free tier), NOT_FOUND (removed meanwhile), FORBIDDEN (deactivated meanwhile), STREAM_ERROR,
 * EXTERNAL_SERVICE_TIMEOUT
 */
export async function roomToken(
  services: Pick<MeetingServices, "db" | "video">,
  grant: Pick<ParticipantGrant, "user">,
  meetingId: string,
) {
  const roomId = await ensureRoom(services, meetingId);
  const { maxParticipants, role } = await services.db.read((tx) => place(tx, grant, meetingId));
  const user = personOf(grant.user);
  const issued = await services.video.token({ meetingId, roomId, user, role, maxParticipants });
  // A removal refuses the tokens issued before it: one that came in between must not leave a later token behind.
  await services.db.read((tx) => place(tx, grant, meetingId));
  return { ...issued, success: true, user, userId: user.id };
}

/** Looked up once more: opening the room may have taken long enough for the caller to be removed, or deactivated. */
async function place(tx: ReadTx, { user }: Pick<ParticipantGrant, "user">, meetingId: string) {
  const { maxParticipants } = await requireMeeting(tx, meetingId);
  const member = await findMember(tx, meetingId, user.id);
  const person = await findUserById(tx, user.id);
  if (person?.isActive === false) throw inactiveUser();
  if (!member) throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  return { maxParticipants, role: member.role };
}

/** Without a name of their own people see the local part of the address, never the address. */
function personOf({ id, displayName, email, avatarUrl }: ParticipantGrant["user"]) {
  const name = displayName ?? email.split("@")[0] ?? id;
  return { id, name, ...(avatarUrl === undefined ? {} : { image: avatarUrl }) };
}
