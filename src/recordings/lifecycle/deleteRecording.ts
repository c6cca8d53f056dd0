import { recordAudit, recordEvent } from "../../audit/record.ts";
import { AppError } from "../../core/errors.ts";
import { statement, type Tx } from "../../db/port.ts";
import { removeUnfinishedRenditions } from "../renditions/renditions.ts";
import { isOpen } from "../states.ts";
import { lockRecording } from "../store.ts";

const markDeleted = statement(
  "recordings.markDeleted",
  `UPDATE recordings SET deleted_at = app_now(), deadline_at = app_now(), updated_at = app_now()
   WHERE id = $1`,
);

/**
 * Deletes a recording and all its files; they are unreachable at once, and removed by settle. A repeat changes nothing.
 * @throws AppError NOT_FOUND (no such recording), CONFLICT while it is open
 */
export async function deleteRecording(tx: Tx, id: string, actorUserId: string): Promise<void> {
  const recording = await lockRecording(tx, id);
  if (!recording) throw new AppError("NOT_FOUND", "There is no such recording", { id });
  if (recording.deletedAt !== null) return;
  if (isOpen(recording.state)) {
    throw new AppError("CONFLICT", "The recording is still running; stop it first", {
      recordingId: id,
      state: recording.state,
    });
  }
  await tx.run(markDeleted, [id]);
  await removeUnfinishedRenditions(tx, id);
  const { meetingId } = recording;
  tx.writes(`meeting:${meetingId}`);
  await recordEvent(tx, { meetingId, recordingId: id, type: "recording_deleted", data: {} });
  await recordAudit(tx, {
    actorUserId,
    meetingId,
    resourceType: "recording",
    resourceId: id,
    action: "recording.delete",
    metadata: {},
  });
}
