import type { ParticipantRole } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { MeetingState } from "../meetings/meeting.ts";
import {
  invalid,
  permissionsOf,
  type ResourcePermission,
  type Validity,
  validityOf,
} from "./rules.ts";

/** A part of a meeting. */
export interface Resource {
  resourceType: string;
  /** The meeting's id. */
  resourceId: string;
}

interface Place {
  meetingId: string;
  role: ParticipantRole;
  state: MeetingState;
}

interface Access {
  permissions: readonly ResourcePermission[];
  state: MeetingState;
}

const findPlaces = statement<Place>(
  "subscriptions.places",
  `SELECT p.meeting_id AS "meetingId", p.role, m.state FROM meeting_participants p JOIN meetings m ON m.id = p.meeting_id
   WHERE p.user_id = $1 AND p.meeting_id = ANY($2)`,
);

/** Subscriptions looked at in one call. */
const mostRefreshed = 100;

type Asked<T extends Resource> = readonly [T, Result<Access>];

/** What a user may do with each of these. Refusals: VALIDATION_ERROR (no such type), NOT_FOUND (not in the meeting) */
async function accessTo<T extends Resource>(
  tx: ReadTx,
  userId: string,
  wanted: readonly T[],
): Promise<Asked<T>[]> {
  const ids = new Set(wanted.map(({ resourceId }) => resourceId).filter(isId));
  // Also where they have no place: a live query's refusal must end when they are let in.
  tx.reads(`user:${userId}`, ...[...ids].map((id) => `meeting:${id}` as const));
  const rows = ids.size > 0 ? await tx.all(findPlaces, [userId, [...ids]]) : [];
  const places = new Map(rows.map((row) => [row.meetingId, row]));
  return wanted.map((one) => [one, accessOf(one, places.get(one.resourceId))]);
}

function accessOf({ resourceType, resourceId }: Resource, place?: Place): Result<Access> {
  const permissions = permissionsOf(resourceType, place?.role ?? "observer");
  if (!permissions.ok) return permissions;
  if (place) return ok({ permissions: permissions.value, state: place.state });
  return refuse(new AppError("NOT_FOUND", "Meeting not found", { id: resourceId.slice(0, 64) }));
}

function validityIn([{ resourceType }, access]: Asked<Resource>): Validity {
  if (!access.ok) return invalid(access.error);
  const { permissions, state } = access.value;
  return validityOf(resourceType, permissions, state);
}

/** What the user may do, and whether that is all of what is required; why not, where they may do nothing. */
export async function checkPermissions(
  tx: ReadTx,
  userId: string,
  { requiredPermissions, ...resource }: Resource & { requiredPermissions: ResourcePermission[] },
) {
  const [[, access] = []] = await accessTo(tx, userId, [resource]);
  if (!access) throw new Error("one was asked for and none told");
  if (!access.ok)
    return { granted: false, permissions: [], metadata: { error: access.error.message } };
  const { permissions } = access.value;
  const granted = isSubset(requiredPermissions, permissions);
  return { granted, permissions: [...permissions], metadata: {} };
}

/** A subscription as its client last knew it. */
interface Known extends Resource {
  permissions: string[];
}

/**
 * How things stand with subscriptions that a client had, in their order.
 * @throws AppError VALIDATION_ERROR (more than 100)
 */
export async function refreshPermissions(tx: ReadTx, userId: string, known: readonly Known[]) {
  if (known.length > mostRefreshed) {
    const message = `subscriptions may have ${mostRefreshed} items at most`;
    const metadata = { field: "subscriptions", limit: mostRefreshed };
    throw new AppError("VALIDATION_ERROR", message, metadata);
  }
  return (await accessTo(tx, userId, known)).map((asked) => {
    const [{ resourceType, resourceId, permissions }] = asked;
    const { valid, permissions: updated, reason } = validityIn(asked);
    const isSame = isSubset(updated, permissions) && isSubset(permissions, updated);
    const why = reason ?? (isSame ? undefined : "Permissions have changed");
    return {
      ...{ resourceType, resourceId, valid, updatedPermissions: [...updated] },
      ...(why !== undefined && { reason: why }),
    };
  });
}

const isSubset = (some: readonly string[], all: readonly string[]) =>
  some.every((one) => all.includes(one));

/** What could be an id at all; the database is not asked about anything else. */
const isId = (id: string) => /^[\w-]{1,64}$/.test(id);
