import type { ParticipantRole } from "../auth/identity.ts";
import { isId } from "../auth/place.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { MeetingState } from "../meetings/meeting.ts";
import { canBeFollowed, permissionsOf, type ResourcePermission } from "./rules.ts";

/** A part of a meeting. */
export interface Resource {
  resourceType: string;
  /** The meeting's id. */
  resourceId: string;
}

/** What somebody has of it. */
export interface Access extends Resource {
  permissions: ResourcePermission[];
  state: MeetingState;
}

interface Place {
  meetingId: string;
  role: ParticipantRole;
  state: MeetingState;
}

const findPlaces = statement<Place>(
  "subscriptions.places",
  `SELECT p.meeting_id AS "meetingId", p.role, m.state FROM meeting_participants p JOIN meetings m ON m.id = p.meeting_id
   WHERE p.user_id = $1 AND p.meeting_id = ANY($2)`,
);

/** What a user may do with each of these. Refusals: VALIDATION_ERROR (no such type), NOT_FOUND (not in the meeting) */
export async function accesses<T extends Resource>(
  tx: ReadTx,
  userId: string,
  wanted: readonly T[],
): Promise<{ asked: T; access: Result<Access> }[]> {
  const ids = new Set(wanted.map(({ resourceId }) => resourceId).filter(isId));
  // Also where they have no place: a live query's refusal must end when they are let in.
  tx.reads(`user:${userId}`, ...[...ids].map((id) => `meeting:${id}` as const));
  const rows = ids.size > 0 ? await tx.all(findPlaces, [userId, [...ids]]) : [];
  const places = new Map(rows.map((row) => [row.meetingId, row]));
  return wanted.map((asked) => ({ asked, access: accessOf(asked, places.get(asked.resourceId)) }));
}

/** As `accesses`, of one. */
export async function accessTo(
  tx: ReadTx,
  userId: string,
  resource: Resource,
): Promise<Result<Access>> {
  const [only] = await accesses(tx, userId, [resource]);
  if (!only) throw new Error("one was asked for and none told");
  return only.access;
}

function accessOf({ resourceType, resourceId }: Resource, place?: Place): Result<Access> {
  const permissions = permissionsOf(resourceType, place?.role ?? "observer");
  if (!permissions.ok) return permissions;
  if (!place)
    return refuse(new AppError("NOT_FOUND", "Meeting not found", { id: resourceId.slice(0, 64) }));
  const { state } = place;
  return ok({ resourceType, resourceId, permissions: [...permissions.value], state });
}

/** How things stand with a subscription. */
export interface Validity {
  valid: boolean;
  permissions: ResourcePermission[];
  /** Why it is not valid. */
  reason?: string;
  /** Establishing it again may help, now or later. */
  shouldReconnect: boolean;
}

/** How things stand with a subscription to what somebody has this access to. */
export function validityOf(access: Result<Access>): Validity {
  if (!access.ok)
    return { valid: false, permissions: [], reason: access.error.message, shouldReconnect: false };
  const { resourceType, resourceId: id, permissions, state } = access.value;
  const followed = canBeFollowed(resourceType, { id, state });
  if (followed.ok) return { valid: true, permissions, shouldReconnect: false };
  const shouldReconnect = state === "scheduled";
  return { valid: false, permissions, reason: followed.error.message, shouldReconnect };
}
