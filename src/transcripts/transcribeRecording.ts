import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import { ok, orThrow, type Result, refuse } from "../core/result.ts";
import type { Database } from "../db/port.ts";
import type { Meeting } from "../meetings/meeting.ts";
import { requireMeeting } from "../meetings/store.ts";
import { gone, type Recording } from "../recordings/recording.ts";
import { isOpen } from "../recordings/states.ts";
import { lockRecording } from "../recordings/store.ts";
import { breaksIn } from "./breaks.ts";
import { askHearing } from "./hearing.ts";
import { type Listening, listens } from "./listens.ts";
import { type RecordingStatus, transcriptStatus, wasOff } from "./status.ts";

/**
 * Has a stopped recording listened to that has no transcript, or not a whole one. What was heard before is not heard again.
 * @throws AppError NOT_FOUND (no such recording, or deleted), CONFLICT (it still runs; `transcript_deleted`), VALIDATION_ERROR with `reason`
 * `transcription_unavailable`, `paid_tier_required`, `mixed_sound`, `no_media` or `transcription_off`
 */
export function transcribeRecording(
  services: Listening & { db: Database },
  userId: string,
  recordingId: string,
): Promise<RecordingStatus> {
  return services.db.transaction(async (tx) => {
    const recording = await lockRecording(tx, recordingId);
    if (!recording)
      throw new AppError("NOT_FOUND", "There is no such recording", { id: recordingId });
    if (recording.deletedAt !== null) throw gone(recording);
    const { meetingId } = recording;
    orThrow(mayBeHeard(recording, await requireMeeting(tx, meetingId), listens(services)));
    if (wasOff(recording, await breaksIn(tx, meetingId)))
      throw new AppError("VALIDATION_ERROR", "Transcription was off during the whole recording", {
        ...{ field: "recordingId", reason: "transcription_off" },
      });
    if (await askHearing(tx, recording))
      await recordAudit(tx, {
        ...{ actorUserId: userId, meetingId, resourceType: "recording", resourceId: recordingId },
        action: "recording.transcribe",
      });
    const { recordings } = await transcriptStatus(tx, services, { meetingId, recordingId });
    const [status] = recordings;
    if (status?.state === "deleted")
      throw new AppError("CONFLICT", "The transcript of this recording was deleted, for good", {
        ...{ recordingId, reason: "transcript_deleted" },
      });
    if (!status) throw new Error(`the transcript of ${recordingId} vanished`);
    return status;
  });
}

/** `hears`: there is an engine on this server. */
function mayBeHeard(
  { id: recordingId, state, provider, tracks }: Recording,
  { tier }: Pick<Meeting, "tier">,
  hears: boolean,
): Result<void> {
  const refusal = (message: string, reason: string) =>
    refuse(new AppError("VALIDATION_ERROR", message, { field: "recordingId", reason }));
  if (!hears)
    return refusal(
      "This server writes nothing down: speech recognition is not available on it (CONNVO_TRANSCRIPTION)",
      "transcription_unavailable",
    );
  if (tier !== "paid")
    return refusal("Transcripts are made of paid meetings only", "paid_tier_required");
  if (isOpen(state))
    return refuse(
      new AppError("CONFLICT", "The recording has to be stopped before it can be transcribed", {
        ...{ recordingId, state },
      }),
    );
  if (provider !== "embedded")
    return refusal(
      "The video provider mixes all voices into one file: who speaks in it is not known",
      "mixed_sound",
    );
  if (tracks.length === 0)
    return refusal("Nothing was captured that could be listened to", "no_media");
  return ok(undefined);
}
