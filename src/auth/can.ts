import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { readableLog } from "./auditReader.ts";
import { ownedInsight } from "./insightOwner.ts";
import { administeredOrg, namedOrg } from "./orgAdmin.ts";
import { anyPerson, ownOrAdministered } from "./ownUser.ts";
import type {
  AuditGrant,
  Grant,
  InsightGrant,
  OrgGrant,
  ParticipantGrant,
  Permission,
  PermissionRequest,
  PersonGrant,
  UserGrant,
} from "./permission.ts";
import {
  activeUser,
  asContributor,
  asHost,
  findPlace,
  type Lookup,
  ofInvite,
  ofMeeting,
  ofPrompt,
  ofRecording,
  refuseStranger,
} from "./place.ts";

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
  /** One of the two users that the arguments name, an administrator of the organisation of both, or the administration key. */
  oneOfOrOrgAdmin: (one: string, other: string): Permission<Grant> => ({
    requires: "selfOrOrgAdmin",
    check: async (request) => {
      if (request.identity.kind === "admin") return administrator(request);
      const active = activeUser(request);
      if (!active.ok) return active;
      const { user } = active.value;
      if ([request.args[one], request.args[other]].includes(user.id)) return active;
      const first = await ownOrAdministered(request, user, one);
      return first.ok ? ownOrAdministered(request, user, other) : first;
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
  /** As `participant`, of the meeting a prompt is for. */
  promptParticipant: (argument: string) => participantOf(ofPrompt, argument),
  recordingHost: (argument: string) => hostOf(ofRecording, argument),
  /** As `host`, of the meeting an invite is to. */
  inviteHost: (argument: string) => hostOf(ofInvite, argument),
  /** Whose insight it is, an administrator of their organisation where the meeting was its too, or the administration key. */
  insightOwner: (argument: string): Permission<InsightGrant> => ({
    requires: "insightOwner",
    check: async (request) => {
      if (request.identity.kind === "admin") return ownedInsight(request, undefined, argument);
      const active = activeUser(request);
      return active.ok ? ownedInsight(request, active.value.user, argument) : active;
    },
  }),
  /** An administrator of their own organisation, or the administration key for the one that is named. */
  orgAdmin: (argument: string): Permission<OrgGrant> => ({
    requires: "orgAdmin",
    check: async (request) => {
      if (request.identity.kind === "admin") return namedOrg(request.args, argument);
      const active = activeUser(request);
      return active.ok ? administeredOrg(active.value.user, request.args[argument]) : active;
    },
  }),
  /** An administrator of any organisation, or the administration key: for what is of all of them, and tells of none. */
  anyOrgAdmin: {
    requires: "anyOrgAdmin",
    check: async (request) => {
      if (request.identity.kind === "admin") return administrator(request);
      const active = activeUser(request);
      return active.ok ? administeredOrg(active.value.user, undefined) : active;
    },
  } satisfies Permission<Grant>,
  /**
   * An administrator of their own organisation, the administration key for the one that `orgId` names, or the host of the
   * meeting that `resourceType` and `resourceId` name something of.
   */
  auditReader: { requires: "auditReader", check: readableLog } satisfies Permission<AuditGrant>,
} as const;

function administrator({ identity }: PermissionRequest): Result<Grant> {
  if (identity.kind === "admin") return ok({ user: undefined, participant: undefined });
  if (identity.kind === "anonymous") return refuseStranger();
  return refuse(new AppError("FORBIDDEN", "Administrators only"));
}
