import type { AuditGrant } from "../auth/permission.ts";
import { type PagePosition, readCursor, writeCursor } from "../core/pageCursor.ts";
import { orThrow } from "../core/result.ts";
import { pageLength } from "../core/wholeNumber.ts";
import { namedStatement, type ReadTx } from "../db/port.ts";
import type { EntryData } from "./record.ts";

/** Which entries are wanted: those that meet all that is given. */
export interface EntryFilter {
  action?: string | undefined;
  actorUserId?: string | undefined;
  resourceType?: string | undefined;
  resourceId?: string | undefined;
}

interface Row {
  id: string;
  actorUserId: string | null;
  meetingId: string | null;
  resourceType: string;
  resourceId: string;
  action: string;
  metadata: EntryData;
  at: number;
}

interface Bounds {
  orgId: string | null;
  meetingId: string | null;
  action: string | null;
  actorUserId: string | null;
  resourceType: string | null;
  resourceId: string | null;
  after: string | null;
  limit: number;
}

const columns = `id, actor_user_id AS "actorUserId", meeting_id AS "meetingId", resource_type AS "resourceType",
  resource_id AS "resourceId", action, metadata, at`;

/** Whose the entries are, and what else is asked of them beside what an index finds. */
const common = `(:orgId::text IS NULL OR org_id = :orgId) AND (:meetingId::text IS NULL OR meeting_id = :meetingId)
  AND (:action::text IS NULL OR action = :action) AND (:actorUserId::text IS NULL OR actor_user_id = :actorUserId)
  AND (:resourceType::text IS NULL OR resource_type = :resourceType)
  AND (:resourceId::text IS NULL OR resource_id = :resourceId)
  AND (:after::text IS NULL OR (at, id) < (SELECT b.at, b.id FROM audit_logs b WHERE b.id = :after))`;

/** The newest entries first, found by the index that `found` names. */
const list = (name: string, found: string) =>
  namedStatement<Row, Bounds>(
    `audit.list${name}`,
    `SELECT ${columns} FROM audit_logs WHERE ${found} AND ${common} ORDER BY at DESC, id DESC LIMIT :limit`,
  );

const listOfResource = list(
  "OfResource",
  "resource_type = :resourceType AND resource_id = :resourceId",
);
const listOfActor = list("OfActor", "actor_user_id = :actorUserId");
const listOfAction = list("OfAction", "org_id = :orgId AND action = :action");
const listOfOrg = list("OfOrg", "org_id = :orgId");

const usualLength = 50;

/**
 * Entries of the log that the caller may read, newest first.
 * @throws AppError VALIDATION_ERROR (`limit` outside 1…100; a cursor of another list)
 */
export async function auditEntries(
  tx: ReadTx,
  log: AuditGrant["log"],
  { limit, cursor, ...filter }: EntryFilter & { limit?: number; cursor?: string },
) {
  const length = orThrow(pageLength(limit, usualLength));
  const name = `audit.entries|${JSON.stringify([log, sorted(filter)])}`;
  const start = cursor === undefined ? undefined : orThrow(readCursor(name, "cursor", cursor));
  const whose = { orgId: null, meetingId: null, ...log };
  tx.reads(`audit:${whose.orgId ?? whose.meetingId}`);
  if (start === null) return pageOf(name, [], null);
  const bounds = {
    ...whose,
    action: filter.action ?? null,
    actorUserId: filter.actorUserId ?? null,
    resourceType: filter.resourceType ?? null,
    resourceId: filter.resourceId ?? null,
    after: start?.after ?? null,
    limit: length + 1,
  };
  const statement = listFor(bounds);
  const rows = await tx.all(statement, statement.bind(bounds));
  const page = rows.slice(0, length);
  const last = page.at(-1);
  return pageOf(name, page, rows.length > length && last ? { after: last.id } : null);
}

function listFor({ resourceType, resourceId, actorUserId, action, orgId }: Bounds) {
  if (resourceType !== null && resourceId !== null) return listOfResource;
  if (actorUserId !== null) return listOfActor;
  return action !== null && orgId !== null ? listOfAction : listOfOrg;
}

const sorted = (filter: EntryFilter) => Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1));

function pageOf(name: string, rows: readonly Row[], end: PagePosition) {
  return {
    logs: rows.map(view),
    ...(end !== null && { continueCursor: writeCursor(name, end) }),
  };
}

function view({ id, actorUserId, meetingId, metadata, at, ...row }: Row) {
  const { resourceType, resourceId, action } = row;
  const facts = Object.entries(metadata).filter(
    (fact): fact is [string, string | number | boolean] => fact[1] !== null,
  );
  const place = meetingId === null || meetingId === resourceId ? {} : { meetingId };
  return {
    _id: id,
    _creationTime: at,
    ...(actorUserId !== null && { actorUserId }),
    resourceType,
    resourceId,
    action,
    metadata: { ...place, ...Object.fromEntries(facts) },
    timestamp: at,
  };
}
