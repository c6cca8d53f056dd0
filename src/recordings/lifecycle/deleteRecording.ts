import { type EntryData, recordAudit, recordEvent } from "../../audit/record.ts";
import { AppError } from "../../core/errors.ts";
import { statement, type Tx } from "../../db/port.ts";
import { forgetQuotes } from "../../insights/forget.ts";
import { removeHeard } from "../../transcripts/hearing.ts";
import { emit } from "../../webhooks/emit.ts";
import { hurryCapture } from "../archive/captures.ts";
import type { Recording } from "../recording.ts";
import { removeUnfinishedRenditions } from "../renditions/renditions.ts";
import { isOpen } from "../states.ts";
import { lockRecording, recordingColumns } from "../store.ts";
import { webhookData } from "../webhookData.ts";

const markDeleted = statement<Recording>(
  "recordings.markDeleted",
  `UPDATE recordings r SET deleted_at = app_now(), deadline_at = app_now(), updated_at = app_now()
   WHERE r.id = $1 RETURNING ${recordingColumns}`,
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
  await deleteLocked(tx, recording, { actorUserId });
}

/** Whose deletion it is: a person's, or, without one, the server's own and why. */
interface Deletion {
  actorUserId?: string;
  why?: EntryData;
}

/** Deletes a recording that has ended, is not deleted yet, and is locked by this transaction. */
export async function deleteLocked(
  tx: Tx,
  recording: Recording,
  { actorUserId, why = {} }: Deletion,
): Promise<void> {
  const { id, meetingId, orgId } = recording;
  const deleted = (await tx.first(markDeleted, [id])) ?? recording;
  await removeUnfinishedRenditions(tx, id);
  await hurryCapture(tx, id);
  if (await removeHeard(tx, recording)) await forgetQuotes(tx, meetingId);
  tx.writes(`meeting:${meetingId}`);
  await recordEvent(tx, { meetingId, recordingId: id, type: "recording_deleted", data: why });
  await recordAudit(tx, {
    actorUserId,
    meetingId,
    resourceType: "recording",
    resourceId: id,
    action: "recording.delete",
    metadata: why,
  });
  const told = { orgId, type: "recording_deleted", meetingId, recordingId: id };
  await emit(tx, { ...told, data: webhookData(deleted) });
}
