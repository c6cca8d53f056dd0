import { newId } from "../core/ids.ts";
import { type DataKey, statement, type Tx } from "../db/port.ts";

/** Facts kept beside an entry; shallow JSON, never a secret. */
export type EntryData = Readonly<Record<string, string | number | boolean | null>>;

/** Who did what to which thing. */
export interface AuditEntry {
  /** Absent = the server itself or the administrator. */
  actorUserId?: string | undefined;
  meetingId?: string | undefined;
  /** Whose administrators may read it; of what belongs to a meeting or to a user it is theirs, and need not be said. */
  orgId?: string | undefined;
  resourceType:
    | "user"
    | "organization"
    | "meeting"
    | "meetingNotes"
    | "participant"
    | "invite"
    | "recording"
    | "insight"
    | "webhook"
    | "subscription"
    | "circuitBreaker"
    | "metric"
    | "queueEntry"
    | "match"
    | "matchingWeights";
  resourceId: string;
  /** `resource.verb`, e.g. `meeting.start`. */
  action: string;
  metadata?: EntryData;
}

/** Something that happened in a meeting, for its history and its webhooks. */
export interface MeetingEvent {
  meetingId: string;
  recordingId?: string | undefined;
  /** Snake case, past or present tense: `meeting_created`. */
  type: string;
  data?: EntryData;
}

const insertAudit = statement<{ orgId: string | null }>(
  "audit.insert",
  `INSERT INTO audit_logs (id, actor_user_id, meeting_id, resource_type, resource_id, action, metadata, org_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, CASE
     WHEN $3::text IS NOT NULL THEN (SELECT m.org_id FROM meetings m WHERE m.id = $3)
     WHEN $4 = 'user' THEN (SELECT u.org_id FROM users u WHERE u.id = $5)
     ELSE $8::text END)
   RETURNING org_id AS "orgId"`,
);

const insertEvent = statement(
  "audit.insertEvent",
  `INSERT INTO meeting_events (id, meeting_id, recording_id, type, data)
   VALUES ($1, $2, $3, $4, $5::jsonb)`,
);

/** Writes an audit entry in the transaction of the change it describes, at the database's time. */
export async function recordAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const inserted = await tx.first(insertAudit, [
    newId("auditLogs"),
    entry.actorUserId ?? null,
    entry.meetingId ?? null,
    entry.resourceType,
    entry.resourceId,
    entry.action,
    JSON.stringify(entry.metadata ?? {}),
    entry.orgId ?? null,
  ]);
  tx.writes(...auditKeys(inserted?.orgId, entry.meetingId));
}

/** What an entry changes for those who read the log. */
export function auditKeys(
  orgId: string | null | undefined,
  meetingId: string | undefined,
): DataKey[] {
  return [orgId, meetingId].flatMap((id) => (id ? [`audit:${id}` as const] : []));
}

/** Writes a meeting event in the transaction of the change it tells of, at the database's time. */
export async function recordEvent(tx: Tx, event: MeetingEvent): Promise<void> {
  await tx.run(insertEvent, [
    newId("meetingEvents"),
    event.meetingId,
    event.recordingId ?? null,
    event.type,
    JSON.stringify(event.data ?? {}),
  ]);
}
