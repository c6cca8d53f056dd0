import type { ParticipantRole } from "../../auth/identity.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import { removeInsightOf } from "../../insights/store.ts";
import { partnerRemoved } from "../../matching/endings.ts";
import { forgetQueueOf } from "../../notes/offline/queueStore.ts";
import { forgetIdeas, forgetPromptsAbout } from "../../prompts/store.ts";
import { announce } from "../announce.ts";
import { cancelMeeting } from "../lifecycle/endMeeting.ts";
import type { Meeting } from "../meeting.ts";
import { mayAdd, mayGo, type RequestedRole, storedRole } from "../rules.ts";
import type { MeetingServices } from "../services.ts";
import { findMember, headcount, lockMeeting, otherHosts } from "../store.ts";
import { closeSessionsOf } from "../webrtc/sessions.ts";
import { closeMedia, forgetRemoval, rememberRemoval } from "./removals.ts";

const findActiveUser = statement<{ id: string }>(
  "meetings.findActiveUser",
  "SELECT id FROM users WHERE id = $1 AND is_active",
);

const insertMember = statement(
  "meetings.insertMember",
  "INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES ($1, $2, $3, $4)",
);

const deleteMember = statement(
  "meetings.deleteMember",
  "DELETE FROM meeting_participants WHERE meeting_id = $1 AND user_id = $2",
);

/** Who is added to or taken out of which meeting, and by whom. */
export interface PersonChange {
  meetingId: string;
  userId: string;
  actorUserId: string;
}

/**
 * Adds a user to a meeting that is not over.
 * @throws AppError NOT_FOUND (no such active user), VALIDATION_ERROR (in it already; over; full, with `limit`)
 */
export async function addParticipant(tx: Tx, change: PersonChange & { role: RequestedRole }) {
  const { meetingId, userId, actorUserId } = change;
  const meeting = await lockMeeting(tx, meetingId);
  await requireActiveUser(tx, userId);
  if (await findMember(tx, meetingId, userId)) {
    throw new AppError("VALIDATION_ERROR", "The user is in the meeting already", {
      field: "userId",
      reason: "already_participant",
    });
  }
  const role = storedRole(change.role);
  const participantId = await admitMember(tx, meeting, userId, role);
  await announce(tx, {
    meetingId,
    type: "participant_added",
    resource: { resourceType: "participant", resourceId: participantId },
    data: { userId, role },
    actorUserId,
  });
  return { participantId, success: true };
}

/**
 * Gives a user a place in a locked meeting, if there is one; returns the participant's id.
 * @throws AppError VALIDATION_ERROR (over; full, with `limit`)
 */
export async function admitMember(
  tx: Tx,
  meeting: Meeting,
  userId: string,
  role: ParticipantRole,
): Promise<string> {
  orThrow(mayAdd(meeting, await headcount(tx, meeting.id)));
  return insertParticipant(tx, meeting.id, userId, role);
}

/** Gives a user a place in a locked meeting that has one; returns the participant's id. */
export async function insertParticipant(
  tx: Tx,
  meetingId: string,
  userId: string,
  role: ParticipantRole,
): Promise<string> {
  const participantId = newId("meetingParticipants");
  await tx.run(insertMember, [participantId, meetingId, userId, role]);
  await forgetRemoval(tx, meetingId, userId);
  await forgetIdeas(tx, meetingId);
  tx.writes(`meeting:${meetingId}`, `memberships:${userId}`);
  return participantId;
}

async function requireActiveUser(tx: ReadTx, userId: string): Promise<void> {
  const user = isId(userId) ? await tx.first(findActiveUser, [userId]) : undefined;
  if (!user) throw new AppError("NOT_FOUND", "User not found", { id: userId.slice(0, 64) });
}

/** What could be an id at all; the database is not asked about anything else. */
function isId(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

/**
 * Takes a participant out of a meeting in any state, and ends their media in its room. A meeting that was made for a match is
 * cancelled when one of the two goes before it begins.
 * @throws AppError NOT_FOUND (not in the meeting), VALIDATION_ERROR (the last host)
 */
export async function removeParticipant(
  tx: Tx,
  services: MeetingServices,
  { meetingId, userId, actorUserId }: PersonChange,
): Promise<void> {
  const meeting = await lockMeeting(tx, meetingId);
  const member = isId(userId) ? await findMember(tx, meetingId, userId) : undefined;
  if (!member)
    throw new AppError("NOT_FOUND", "Participant not found", { id: userId.slice(0, 64) });
  orThrow(mayGo(member, await otherHosts(tx, meetingId, userId)));
  await tx.run(deleteMember, [meetingId, userId]);
  await closeSessionsOf(tx, meetingId, userId);
  await forgetQueueOf(tx, meetingId, userId);
  await removeInsightOf(tx, meetingId, userId);
  await forgetPromptsAbout(tx, meetingId, userId);
  const hasMedia = meeting.state === "active" && meeting.tier === "paid";
  await rememberRemoval(tx, meetingId, userId, hasMedia);
  tx.writes(`meeting:${meetingId}`, `memberships:${userId}`);
  await announce(tx, {
    meetingId,
    type: "participant_removed",
    resource: { resourceType: "participant", resourceId: member.id },
    data: { userId, role: member.role },
    actorUserId,
  });
  if (await partnerRemoved(tx, meeting, { userId, actorUserId }))
    await cancelMeeting(tx, meetingId, actorUserId);
  if (hasMedia) tx.afterCommit(() => closeAtOnce(services, meetingId, userId));
}

async function closeAtOnce(services: MeetingServices, meetingId: string, userId: string) {
  try {
    await closeMedia(services, meetingId, userId);
  } catch (error) {
    const fields = { err: error, meetingId, userId };
    services.log.warn(fields, "a removed participant's media is not closed yet; it is tried again");
  }
}
