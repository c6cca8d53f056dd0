import { hash, randomBytes } from "node:crypto";
import type { Participant } from "../../auth/identity.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import { announce } from "../announce.ts";
import { mayGrow } from "../states.ts";
import { findMember, lockMeeting, now } from "../store.ts";
import {
  hasUsesLeft,
  type InviteRequest,
  type InviteState,
  isLive,
  termsOf,
} from "./inviteRules.ts";
import { admitMember } from "./people.ts";
import { wasRemovedSince } from "./removals.ts";

interface Invite extends InviteState {
  id: string;
  meetingId: string;
  role: "participant" | "observer";
  createdAt: number;
}

const mostListed = 100;

const columns = `i.id, i.meeting_id AS "meetingId", i.role, i.uses, i.max_uses AS "maxUses",
  i.expires_at AS "expiresAt", i.revoked_at AS "revokedAt", i.created_at AS "createdAt"`;

const insertInvite = statement<{ expiresAt: number }>(
  "meetings.insertInvite",
  `INSERT INTO meeting_invites (id, meeting_id, secret_hash, role, max_uses, expires_at, created_by)
   VALUES ($1, $2, $3, $4, $5, app_now() + $6 * interval '1 millisecond', $7)
   RETURNING expires_at AS "expiresAt"`,
);

const findBySecret = statement<Invite>(
  "meetings.findInviteBySecret",
  `SELECT ${columns} FROM meeting_invites i WHERE i.secret_hash = $1`,
);

/** An invite that still lets people in; times are epoch ms. */
export interface LiveInvite
  extends Pick<Invite, "role" | "uses" | "maxUses" | "expiresAt" | "createdAt"> {
  inviteId: string;
  /** Name of who made it. */
  createdByName: string | null;
}

const listLive = statement<LiveInvite>(
  "meetings.listLiveInvites",
  `SELECT i.id AS "inviteId", i.role, i.uses, i.max_uses AS "maxUses", i.expires_at AS "expiresAt",
     i.created_at AS "createdAt", u.display_name AS "createdByName"
   FROM meeting_invites i JOIN users u ON u.id = i.created_by
   WHERE i.meeting_id = $1 AND i.revoked_at IS NULL AND i.expires_at > app_now() AND i.uses < i.max_uses
   ORDER BY i.created_at DESC, i.id DESC LIMIT ${mostListed}`,
);

const countUse = statement(
  "meetings.useInvite",
  "UPDATE meeting_invites SET uses = uses + 1 WHERE id = $1",
);

const revoke = statement(
  "meetings.revokeInvite",
  "UPDATE meeting_invites SET revoked_at = app_now() WHERE id = $1 AND revoked_at IS NULL",
);

/** The invites of a meeting that still let people in, newest first, 100 at most; their secrets are known to nobody. */
export async function listInvites(tx: ReadTx, meetingId: string): Promise<LiveInvite[]> {
  tx.reads(`meeting:${meetingId}`);
  return tx.all(listLive, [meetingId]);
}

/** 128 bits, base64url: 22 characters that nobody guesses. */
const newSecret = () => randomBytes(16).toString("base64url");

/** Secrets are stored hashed: a leaked database invites nobody. */
const hashOf = (secret: string) => hash("sha256", secret, "hex");

/**
 * Makes an invite to a meeting that is not over; the secret is told once, here.
 * @throws AppError VALIDATION_ERROR (terms; meeting over)
 */
export async function createInvite(
  tx: Tx,
  meetingId: string,
  actorUserId: string,
  request: InviteRequest,
) {
  const terms = orThrow(termsOf(request));
  orThrow(mayGrow(await lockMeeting(tx, meetingId)));
  const inviteId = newId("meetingInvites");
  const secret = newSecret();
  const { role, maxUses, expiresInMs } = terms;
  const values = [inviteId, meetingId, hashOf(secret), role, maxUses, expiresInMs, actorUserId];
  const inserted = await tx.first(insertInvite, values);
  if (!inserted) throw new Error("an insert returned no row");
  const data = { role, maxUses, expiresAt: inserted.expiresAt };
  await tell(tx, "invite_created", { id: inviteId, meetingId }, data, actorUserId);
  return { inviteId, secret, expiresAt: inserted.expiresAt, maxUses };
}

/**
 * Lets the holder of a secret into its meeting. Whoever is in it already stays as they are and uses nothing up.
 * @throws AppError NOT_FOUND (unknown, expired, revoked, used up, or the holder was removed since: all alike);
 * VALIDATION_ERROR (meeting over; full, with `limit`)
 */
export async function acceptInvite(tx: Tx, userId: string, secret: string) {
  const found = await tx.first(findBySecret, [hashOf(secret)]);
  if (!found) throw unknownInvite();
  const { meetingId } = found;
  const meeting = await lockMeeting(tx, meetingId);
  // Read again under the meeting's lock, which all uses of its invites take: the count is exact.
  const invite = await tx.first(findBySecret, [hashOf(secret)]);
  if (!invite || !isLive(invite, await now(tx))) throw unknownInvite();
  const member = await findMember(tx, meetingId, userId);
  if (member) return { meetingId, participantId: member.id, role: member.role };
  if (!hasUsesLeft(invite)) throw unknownInvite();
  if (await wasRemovedSince(tx, meetingId, userId, invite.createdAt)) throw unknownInvite();
  const participantId = await admitMember(tx, meeting, userId, invite.role);
  await tx.run(countUse, [invite.id]);
  await tell(tx, "invite_accepted", invite, { userId, role: invite.role }, userId);
  return { meetingId, participantId, role: invite.role };
}

/** Revokes an invite to the host's meeting; again is no change. Who has come in by it stays. */
export async function revokeInvite(
  tx: Tx,
  host: Pick<Participant, "meetingId" | "userId">,
  inviteId: string,
): Promise<void> {
  const { meetingId, userId } = host;
  const revoked = await tx.run(revoke, [inviteId]);
  if (revoked > 0) await tell(tx, "invite_revoked", { id: inviteId, meetingId }, {}, userId);
}

async function tell(
  tx: Tx,
  type: string,
  { id, meetingId }: Pick<Invite, "id" | "meetingId">,
  data: Record<string, string | number>,
  actorUserId: string,
): Promise<void> {
  tx.writes(`meeting:${meetingId}`);
  const resource = { resourceType: "invite", resourceId: id } as const;
  await announce(tx, { meetingId, type, resource, data, actorUserId });
}

function unknownInvite(): AppError {
  return new AppError("NOT_FOUND", "This invite does not exist, or it is no longer valid");
}
