import { type EntryData, recordAudit } from "../audit/record.ts";
import { statement, type Tx } from "../db/port.ts";
import type { Writer } from "./notes.ts";

/** What the log tells of notes, under the published names. */
type NotesAction =
  | "apply_operation"
  | "batch_apply_operations"
  | "rollback_operations"
  | "queue_offline_operations"
  | "sync_offline_operations";

const findRecent = statement<{ told: boolean }>(
  "notes.auditedLately",
  `SELECT EXISTS (SELECT 1 FROM audit_logs
     WHERE actor_user_id = $1 AND at > app_now() - interval '1 minute'
       AND resource_type = 'meetingNotes' AND resource_id = $2 AND action = $3) AS told`,
);

/** Notes that somebody changed the notes. */
export async function auditNotes(
  tx: Tx,
  { meetingId, userId }: Writer,
  action: NotesAction,
  metadata: EntryData,
): Promise<void> {
  await recordAudit(tx, {
    actorUserId: userId,
    meetingId,
    resourceType: "meetingNotes",
    resourceId: meetingId,
    action,
    metadata: { ...metadata, success: true },
  });
}

/**
 * As `auditNotes`, once a minute for each person and action: who typed what is in the notes' own log, and a day of typing must not
 * bury everything else that the audit log tells.
 */
export async function auditTyping(
  tx: Tx,
  writer: Writer,
  action: NotesAction,
  metadata: EntryData,
): Promise<void> {
  const recent = await tx.first(findRecent, [writer.userId, writer.meetingId, action]);
  if (recent?.told !== true) await auditNotes(tx, writer, action, metadata);
}
