import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import type { Meeting } from "../meeting.ts";
import { type RequestedRole, storedRole } from "../rules.ts";
import { mayGrow } from "../states.ts";
import { headcount, lockMeeting } from "../store.ts";
import { insertParticipant } from "./people.ts";

interface Requested {
  userId: string;
  role: RequestedRole;
}

const mostAtOnce = 100;

const findActive = statement<{ id: string }>(
  "meetings.findActiveUsers",
  "SELECT id FROM users WHERE id = ANY($1::text[]) AND is_active",
);

const findMembers = statement<{ userId: string }>(
  "meetings.findMembers",
  `SELECT user_id AS "userId" FROM meeting_participants
   WHERE meeting_id = $1 AND user_id = ANY($2::text[])`,
);

/**
 * Adds users to a meeting that is not over; tells whom it skipped and why. Who does not fit any more is skipped too.
 * @throws AppError VALIDATION_ERROR (over; more than 100 at once)
 */
export async function addParticipants(
  tx: Tx,
  change: { meetingId: string; participants: readonly Requested[]; actorUserId: string },
) {
  const { meetingId, participants, actorUserId } = change;
  if (participants.length > mostAtOnce) throw tooMany();
  const meeting = await lockMeeting(tx, meetingId);
  orThrow(mayGrow(meeting));
  const people = await peopleOf(tx, meeting, participants);
  const added: string[] = [];
  const skipped: { reason: string; userId: string }[] = [];
  for (const { userId, role } of participants) {
    const reason = skipReason(people, userId);
    if (reason === undefined) {
      added.push(await addOne(tx, meetingId, { userId, role, actorUserId }));
      people.members.add(userId);
      people.free -= 1;
    } else skipped.push({ reason, userId });
  }
  return { added, skipped, success: true };
}

interface People {
  active: Set<string>;
  members: Set<string>;
  /** Places that are left. */
  free: number;
}

async function peopleOf(
  tx: ReadTx,
  meeting: Meeting,
  participants: readonly Requested[],
): Promise<People> {
  const ids = participants.map(({ userId }) => userId).filter((id) => /^[\w-]{1,64}$/.test(id));
  const active = await tx.all(findActive, [ids]);
  const members = await tx.all(findMembers, [meeting.id, ids]);
  const { total } = await headcount(tx, meeting.id);
  return {
    active: new Set(active.map(({ id }) => id)),
    members: new Set(members.map(({ userId }) => userId)),
    free: meeting.maxParticipants - total,
  };
}

function skipReason({ active, members, free }: People, userId: string): string | undefined {
  if (members.has(userId)) return "already a participant";
  if (!active.has(userId)) return "user not found";
  return free > 0 ? undefined : "meeting is full";
}

async function addOne(
  tx: Tx,
  meetingId: string,
  { userId, role, actorUserId }: Requested & { actorUserId: string },
): Promise<string> {
  const stored = storedRole(role);
  const participantId = await insertParticipant(tx, meetingId, userId, stored);
  await announce(tx, {
    meetingId,
    type: "participant_added",
    resource: { resourceType: "participant", resourceId: participantId },
    data: { userId, role: stored },
    actorUserId,
  });
  return participantId;
}

function tooMany(): AppError {
  return new AppError("VALIDATION_ERROR", `At most ${mostAtOnce} participants at once`, {
    field: "participants",
    limit: mostAtOnce,
  });
}
