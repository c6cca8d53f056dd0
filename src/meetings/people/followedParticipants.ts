import type { ParticipantRole, User } from "../../auth/identity.ts";
import { administers } from "../../auth/ownUser.ts";
import { known } from "../../core/known.ts";
import { type ReadTx, statement } from "../../db/port.ts";
import type { Member } from "../meeting.ts";

interface Row {
  id: string;
  userId: string;
  role: ParticipantRole;
  presence: Member["presence"];
  joinedAt: number | null;
  leftAt: number | null;
  displayName: string | null;
  avatarUrl: string | null;
  email: string;
  orgId: string | null;
}

const find = statement<Row>(
  "meetings.followedParticipants",
  `SELECT p.id, p.user_id AS "userId", p.role, p.presence, p.joined_at AS "joinedAt", p.left_at AS "leftAt",
     u.display_name AS "displayName", u.avatar_url AS "avatarUrl", u.email, u.org_id AS "orgId"
   FROM meeting_participants p JOIN users u ON u.id = p.user_id
   WHERE p.meeting_id = $1 ORDER BY p.created_at, p.id`,
);

/**
 * The people of a meeting in the order they were added, for whoever follows who comes and goes: what their media does is not
 * in it, and changes nothing. An address is told to its owner and to administrators of their organisation, and is empty for
 * everybody else.
 */
export async function followedParticipants(tx: ReadTx, viewer: User, meetingId: string) {
  const rows = await tx.all(find, [meetingId]);
  tx.reads(`meeting:${meetingId}`, ...rows.map(({ userId }) => `user:${userId}` as const));
  return rows.map(({ id, userId, role, presence, joinedAt, leftAt, ...person }) => {
    const { displayName, avatarUrl, email } = person;
    const mayWrite = userId === viewer.id || administers(viewer, person);
    const user = { email: mayWrite ? email : "", ...known({ displayName, avatarUrl }) };
    return { _id: id, userId, role, presence, user, ...known({ joinedAt, leftAt }) };
  });
}
