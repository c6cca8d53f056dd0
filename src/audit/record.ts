import { newId } from "../core/ids.ts";
import { statement, type Tx } from "../db/port.ts";

/** Facts kept beside an entry; shallow JSON, never a secret. */
export type EntryData = Readonly<Record<string, string | number | boolean | null>>;

/** Who did what to which thing. */
export interface AuditEntry {
  /** Absent = the server itself or the administrator. */
  actorUserId?: string | undefined;
  meetingId?: string | undefined;
  resourceType:
    | "user"
    | "organization"
    | "meeting"
    | "participant"
    | "invite"
    | "recording"
    | "webhook";
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

const insertAudit = statement(
  "audit.insert",
  `INSERT INTO audit_logs (id, actor_user_id, meeting_id, resource_type, resource_id, action, metadata)
   VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
);

const insertEvent = statement(
  "audit.insertEvent",
  `INSERT INTO meeting_events (id, meeting_id, recording_id, type, data)
   VALUES ($1, $2, $3, $4, $5::jsonb)`,
);

/** Writes an audit entry in the transaction of the change it describes, at the database's time. */
export async function recordAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  await tx.run(insertAudit, [
    newId("auditLogs"),
    entry.actorUserId ?? null,
    entry.meetingId ?? null,
    entry.resourceType,
    entry.resourceId,
    entry.action,
    JSON.stringify(entry.metadata ?? {}),
  ]);
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
