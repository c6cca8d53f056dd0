import { type AuditEntry, type EntryData, recordAudit, recordEvent } from "../audit/record.ts";
import type { Tx } from "../db/port.ts";

/** A change of a meeting or its people, as history tells it. */
export interface Change {
  meetingId: string;
  /** Event type; its audit action has a dot for the first underscore. */
  type: string;
  resource?: Pick<AuditEntry, "resourceType" | "resourceId">;
  data?: EntryData;
  /** Absent = the administrator or the server itself. */
  actorUserId?: string | undefined;
}

/** Writes the event and the audit entry of a change, in its transaction. */
export async function announce(tx: Tx, change: Change): Promise<void> {
  const { meetingId, type, data = {}, actorUserId } = change;
  const resource = change.resource ?? { resourceType: "meeting", resourceId: meetingId };
  await recordEvent(tx, { meetingId, type, data });
  const action = type.replace("_", ".");
  await recordAudit(tx, { actorUserId, meetingId, ...resource, action, metadata: data });
}
