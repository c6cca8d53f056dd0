import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { statement } from "../db/port.ts";
import { administeredOrg, adminRole, namedOrg } from "./orgAdmin.ts";
import type { AuditGrant, OrgGrant, PermissionRequest } from "./permission.ts";
import {
  activeUser,
  asHost,
  findPlace,
  type Lookup,
  ofInvite,
  ofMeeting,
  ofRecording,
  participantColumns,
} from "./place.ts";

/** Also of whoever has been removed: what the log tells of them stays with the meeting. */
const ofMember: Lookup = {
  noun: "Participant",
  statement: statement(
    "auth.participantOfMember",
    `SELECT ${participantColumns} FROM audit_logs a
     JOIN meeting_participants p ON p.meeting_id = a.meeting_id AND p.user_id = $2
     WHERE a.resource_type = 'participant' AND a.resource_id = $1 LIMIT 1`,
  ),
};

/** What belongs to a meeting, by the type under which the log has it. */
const lookups = new Map<unknown, Lookup>([
  ["meeting", ofMeeting],
  // A meeting has one text, which goes by its id.
  ["meetingNotes", ofMeeting],
  ["participant", ofMember],
  ["invite", ofInvite],
  ["recording", ofRecording],
]);

/**
 * What a caller may read of the audit log: an administrator, or the administration key, that of the organisation; a host that
 * of a meeting, by the name of something in it.
 */
export async function readableLog(request: PermissionRequest): Promise<Result<AuditGrant>> {
  const { identity, args } = request;
  if (identity.kind === "admin") return logOf(namedOrg(args, "orgId"));
  const active = activeUser(request);
  if (!active.ok) return active;
  const { user } = active.value;
  const lookup = args["resourceId"] === undefined ? undefined : lookups.get(args["resourceType"]);
  const hosted = lookup && (await hostedLog(request, lookup));
  if (hosted?.ok) return hosted;
  const isAdmin = user.orgId !== undefined && user.orgRole === adminRole;
  if (isAdmin) return logOf(administeredOrg(user, args["orgId"]));
  return hosted ?? refuse(nothingNamed());
}

async function hostedLog(request: PermissionRequest, lookup: Lookup): Promise<Result<AuditGrant>> {
  const place = await findPlace(request, lookup, "resourceId");
  const host = place.ok ? asHost(place.value) : place;
  if (!host.ok) return host;
  const { user, participant } = host.value;
  return ok({ user, participant, log: { meetingId: participant.meetingId } });
}

function logOf(org: Result<OrgGrant>): Result<AuditGrant> {
  if (!org.ok) return org;
  const { user, participant, orgId } = org.value;
  return ok({ user, participant, log: { orgId } });
}

function nothingNamed(): AppError {
  const message =
    "Only an organisation's administrators may read its log; a host names something of their meeting by resourceType and resourceId";
  return new AppError("INSUFFICIENT_PERMISSIONS", message, { requiredRole: adminRole });
}
