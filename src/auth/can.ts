import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { type ReadTx, type Statement, statement } from "../db/port.ts";
import type { Participant, ParticipantRole, User } from "./identity.ts";
import { administeredOrg, namedOrg } from "./orgAdmin.ts";
import { anyPerson, ownOrAdministered } from "./ownUser.ts";
import type {
  Grant,
  OrgGrant,
  ParticipantGrant,
  Permission,
  PermissionRequest,
  PersonGrant,
  UserGrant,
} from "./permission.ts";

interface ParticipantRow {
  id: string;
  meeting_id: string;
  user_id: string;
  role: ParticipantRole;
  presence: Participant["presence"];
}

/** How to find the caller's place in a meeting from an argument. */
interface Lookup {
  statement: Statement<ParticipantRow>;
  /** For messages: what the caller asked for. */
  noun: string;
}

const columns = "p.id, p.meeting_id, p.user_id, p.role, p.presence";

const ofMeeting: Lookup = {
  noun: "Meeting",
  statement: statement(
    "auth.participantOfMeeting",
    `SELECT ${columns} FROM meeting_participants p WHERE p.meeting_id = $1 AND p.user_id = $2`,
  ),
};

const ofRecording: Lookup = {
  noun: "Recording",
  statement: statement(
    "auth.participantOfRecording",
    `SELECT ${columns} FROM recordings r
     JOIN meeting_participants p ON p.meeting_id = r.meeting_id AND p.user_id = $2
     WHERE r.id = $1`,
  ),
};

const ofInvite: Lookup = {
  noun: "Invite",
  statement: statement(
    "auth.participantOfInvite",
    `SELECT ${columns} FROM meeting_invites i
     JOIN meeting_participants p ON p.meeting_id = i.meeting_id AND p.user_id = $2
     WHERE i.id = $1`,
  ),
};

const participantOf = (lookup: Lookup, argument: string): Permission<ParticipantGrant> => ({
  requires: "participant",
  check: (request) => findPlace(request, lookup, argument),
});

const hostOf = (lookup: Lookup, argument: string): Permission<ParticipantGrant> => ({
  requires: "host",
  check: async (request) => {
    const place = await findPlace(request, lookup, argument);
    return place.ok ? asHost(place.value) : place;
  },
});

/** Every rule on who may call a function. `argument` names the one that carries the id. */
export const can = {
  /** Everybody, signed in or not. A deactivated user counts as not signed in. */
  anyone: {
    requires: "anyone",
    check: async ({ user }) =>
      ok({ user: user?.isActive ? user : undefined, participant: undefined }),
  } satisfies Permission<Grant>,
  /** An active user. */
  user: {
    requires: "user",
    check: async (request) => activeUser(request),
  } satisfies Permission<UserGrant>,
  /** An active user, acting for themselves, or the administration key, acting for anybody. */
  userOrAdmin: {
    requires: "userOrAdmin",
    check: async (request) =>
      request.identity.kind === "admin" ? administrator(request) : activeUser(request),
  } satisfies Permission<Grant>,
  /** The user that the argument names, an administrator of their organisation, or the administration key. */
  selfOrOrgAdmin: (argument: string): Permission<PersonGrant> => ({
    requires: "selfOrOrgAdmin",
    check: async (request) => {
      if (request.identity.kind === "admin") return anyPerson(request, argument);
      const active = activeUser(request);
      return active.ok ? ownOrAdministered(request, active.value.user, argument) : active;
    },
  }),
  /** The administration key. */
  admin: {
    requires: "admin",
    check: async (request) => administrator(request),
  } satisfies Permission<Grant>,
  /** Anybody who has a place in the meeting, observers too. */
  participant: (argument: string) => participantOf(ofMeeting, argument),
  /** Who takes part in the meeting: hosts and participants; observers only look on. */
  contributor: (argument: string): Permission<ParticipantGrant> => ({
    requires: "contributor",
    check: async (request) => {
      const place = await findPlace(request, ofMeeting, argument);
      return place.ok ? asContributor(place.value) : place;
    },
  }),
  host: (argument: string) => hostOf(ofMeeting, argument),
  /** As `participant`, of the meeting a recording was made of. */
  recordingParticipant: (argument: string) => participantOf(ofRecording, argument),
  recordingHost: (argument: string) => hostOf(ofRecording, argument),
  /** As `host`, of the meeting an invite is to. */
  inviteHost: (argument: string) => hostOf(ofInvite, argument),
  /** An administrator of their own organisation, or the administration key for the one that is named. */
  orgAdmin: (argument: string): Permission<OrgGrant> => ({
    requires: "orgAdmin",
    check: async (request) => {
      if (request.identity.kind === "admin") return namedOrg(request.args, argument);
      const active = activeUser(request);
      return active.ok ? administeredOrg(active.value.user, request.args[argument]) : active;
    },
  }),
} as const;

function activeUser({ identity, user }: PermissionRequest): Result<UserGrant> {
  if (identity.kind === "admin") {
    const message = "This acts for a signed-in user, and an administration key is none";
    return refuse(new AppError("UNAUTHORIZED", message));
  }
  if (identity.kind === "anonymous" || user === undefined) return refuseStranger();
  if (!user.isActive) return refuse(new AppError("FORBIDDEN", "This user is deactivated"));
  return ok({ user, participant: undefined });
}

function administrator({ identity }: PermissionRequest): Result<Grant> {
  if (identity.kind === "admin") return ok({ user: undefined, participant: undefined });
  if (identity.kind === "anonymous") return refuseStranger();
  return refuse(new AppError("FORBIDDEN", "Administrators only"));
}

async function findPlace(
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
  if (row === undefined) return undefined;
  tx.reads(`meeting:${row.meeting_id}`);
  const { meeting_id: meetingId, user_id: userId, role, presence } = row;
  return { id: row.id, meetingId, userId, role, presence };
}

function asHost(grant: ParticipantGrant): Result<ParticipantGrant> {
  const { role } = grant.participant;
  if (role === "host") return ok(grant);
  return refuse(
    new AppError("INSUFFICIENT_PERMISSIONS", "Only the meeting's host may do this", {
      requiredRole: "host",
      currentRole: role,
    }),
  );
}

function asContributor(grant: ParticipantGrant): Result<ParticipantGrant> {
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
function isId(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{1,64}$/.test(value);
}

/** The same for what does not exist, what cannot exist and what is none of the caller's business. */
function refuseUnknown(noun: string, id: unknown): Result<never> {
  const shown = typeof id === "string" ? id.slice(0, 64) : null;
  return refuse(new AppError("NOT_FOUND", `${noun} not found`, { id: shown }));
}

function refuseStranger(): Result<never> {
  return refuse(new AppError("UNAUTHORIZED", "Sign in first"));
}
