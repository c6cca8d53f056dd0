import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { type ReadTx, type Statement, statement } from "../db/port.ts";
import type { Participant, ParticipantRole, User } from "./identity.ts";
import type { ParticipantGrant, PermissionRequest, UserGrant } from "./permission.ts";
import { inactiveUser } from "./users.ts";

interface ParticipantRow {
  id: string;
  meeting_id: string;
  user_id: string;
  role: ParticipantRole;
  presence: Participant["presence"];
}

/** How to find the caller's place in a meeting from an argument. */
export interface Lookup {
  statement: Statement<ParticipantRow>;
  /** For messages: what the caller asked for. */
  noun: string;
}

/** Of a row of `meeting_participants` under the alias `p`. */
export const participantColumns = "p.id, p.meeting_id, p.user_id, p.role, p.presence";

export const ofMeeting: Lookup = {
  noun: "Meeting",
  statement: statement(
    "auth.participantOfMeeting",
    `SELECT ${participantColumns} FROM meeting_participants p WHERE p.meeting_id = $1 AND p.user_id = $2`,
  ),
};

/** By the id of a row that belongs to a meeting. */
const ofRow = (noun: string, table: string): Lookup => ({
  noun,
  statement: statement(
    `auth.participantOf${noun}`,
    `SELECT ${participantColumns} FROM ${table} t
     JOIN meeting_participants p ON p.meeting_id = t.meeting_id AND p.user_id = $2
     WHERE t.id = $1`,
  ),
});

export const ofRecording = ofRow("Recording", "recordings");
export const ofInvite = ofRow("Invite", "meeting_invites");
export const ofPrompt = ofRow("Prompt", "prompts");

/** An active user, or why the caller is none. */
export function activeUser({ identity, user }: PermissionRequest): Result<UserGrant> {
  if (identity.kind === "admin") {
    const message = "This acts for a signed-in user, and an administration key is none";
    return refuse(new AppError("UNAUTHORIZED", message));
  }
  if (identity.kind === "anonymous" || user === undefined) return refuseStranger();
  if (!user.isActive) return refuse(inactiveUser());
  return ok({ user, participant: undefined });
}

/** The caller's place in the meeting of what an argument names. Refusals: NOT_FOUND, also where they have none */
export async function findPlace(
  request: PermissionRequest,
  lookup: Lookup,
  argument: string,
): Promise<Result<ParticipantGrant>> {
  const active = activeUser(request);
  if (!active.ok) return active;
  const { user } = active.value;
  const id = request.args[argument];
  const participant = isId(id) ? await find(request.tx, lookup, id, user) : undefined;
  return participant ? ok({ user, participant }) : refuseUnknown(lookup.noun, id);
}

async function find(
  tx: ReadTx,
  lookup: Lookup,
  id: string,
  user: User,
): Promise<Participant | undefined> {
  const row = await tx.first(lookup.statement, [id, user.id]);
  // Also for a stranger: a live query's refusal must end when the caller is let in.
  if (lookup === ofMeeting) tx.reads(`meeting:${id}`);
  tx.reads(`user:${user.id}`);
  if (row === undefined) {
    tx.reads(`memberships:${user.id}`);
    return undefined;
  }
  tx.reads(`meeting:${row.meeting_id}`);
  const { meeting_id: meetingId, user_id: userId, role, presence } = row;
  return { id: row.id, meetingId, userId, role, presence };
}

export function asHost(grant: ParticipantGrant): Result<ParticipantGrant> {
  const { role } = grant.participant;
  if (role === "host") return ok(grant);
  return refuse(
    new AppError("INSUFFICIENT_PERMISSIONS", "Only the meeting's host may do this", {
      requiredRole: "host",
      currentRole: role,
    }),
  );
}

export function asContributor(grant: ParticipantGrant): Result<ParticipantGrant> {
  const { role } = grant.participant;
  if (role !== "observer") return ok(grant);
  return refuse(
    new AppError("INSUFFICIENT_PERMISSIONS", "Observers of a meeting may not do this", {
      requiredRole: "participant",
      currentRole: role,
    }),
  );
}

/** What could be an id at all; the database is not asked about anything else. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value);
}

/** The same for what does not exist, what cannot exist and what is none of the caller's business. */
function refuseUnknown(noun: string, id: unknown): Result<never> {
  const shown = typeof id === "string" ? id.slice(0, 64) : null;
  return refuse(new AppError("NOT_FOUND", `${noun} not found`, { id: shown }));
}

export function refuseStranger(): Result<never> {
  return refuse(new AppError("UNAUTHORIZED", "Sign in first"));
}
