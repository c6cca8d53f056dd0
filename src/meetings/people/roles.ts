import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { statement, type Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import { mayGo } from "../rules.ts";
import { findMember, lockMeeting, otherHosts } from "../store.ts";
import type { PersonChange } from "./people.ts";

const setRole = statement(
  "meetings.setRole",
  "UPDATE meeting_participants SET role = $3 WHERE meeting_id = $1 AND user_id = $2",
);

/**
 * Makes somebody in the meeting a host or a participant, in any of its states; what they are already is no change.
 * @throws AppError NOT_FOUND (not in the meeting), VALIDATION_ERROR (the last host)
 */
export async function changeRole(
  tx: Tx,
  change: PersonChange & { role: "host" | "participant" },
): Promise<void> {
  const { meetingId, userId, role, actorUserId } = change;
  await lockMeeting(tx, meetingId);
  const member = /^[\w-]{1,64}$/.test(userId) && (await findMember(tx, meetingId, userId));
  if (!member)
    throw new AppError("NOT_FOUND", "Participant not found", { id: userId.slice(0, 64) });
  if (member.role === role) return;
  if (role !== "host") orThrow(mayGo(member, await otherHosts(tx, meetingId, userId)));
  await tx.run(setRole, [meetingId, userId, role]);
  tx.writes(`meeting:${meetingId}`, `memberships:${userId}`);
  await announce(tx, {
    meetingId,
    type: "participant_role_changed",
    resource: { resourceType: "participant", resourceId: member.id },
    data: { userId, from: member.role, to: role },
    actorUserId,
  });
}
