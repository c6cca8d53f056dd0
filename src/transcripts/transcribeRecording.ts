import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import { ok, orThrow, type Result, refuse } from "../core/result.ts";
import type { Database, Tx } from "../db/port.ts";
import type { Meeting } from "../meetings/meeting.ts";
import { requireMeeting } from "../meetings/store.ts";
import { configOf, gone, type Recording } from "../recordings/recording.ts";
import { findRenditionByConfig } from "../recordings/renditions/renditions.ts";
import { isOpen } from "../recordings/states.ts";
import { lockRecording } from "../recordings/store.ts";
import { breaksIn } from "./breaks.ts";
import { erasuresIn, isErasedForAnybody } from "./erasures.ts";
import { askHearing } from "./hearing.ts";
import { canHear, type Listening } from "./listens.ts";
import { type RecordingStatus, transcriptStatus, wasOff } from "./status.ts";

/**
 * Has a stopped recording listened to that has no transcript, or not a whole one. What was heard before is not heard again. Of a file
 * with all voices in one the lines have no speaker.
 * @throws AppError NOT_FOUND (no such recording, or deleted), CONFLICT (it still runs, or its file is not there yet; `transcript_deleted`),
 * VALIDATION_ERROR with `reason` `transcription_unavailable`, `paid_tier_required`, `no_media` or `transcription_off`
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
    const hears = canHear(services, recording.provider);
    orThrow(mayBeHeard(recording, await requireMeeting(tx, meetingId), hears));
    if (recording.provider !== "embedded") await requireFile(tx, recording);
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
      throw deleted(recordingId, "The transcript of this recording was deleted, for good");
    if (!status) throw new Error(`the transcript of ${recordingId} vanished`);
    return status;
  });
}

function deleted(recordingId: string, message: string): AppError {
  return new AppError("CONFLICT", message, { recordingId, reason: "transcript_deleted" });
}

/** A file with all voices in one: it is there, and not all of it may be somebody's deleted words, which could not be told from others'. */
async function requireFile(tx: Tx, recording: Recording): Promise<void> {
  const { id: recordingId, meetingId, state, startedAt, requestedAt, stoppedAt } = recording;
  const file = await findRenditionByConfig(tx, recordingId, configOf(recording));
  if (file?.state !== "ready") throw stillOpen(recordingId, state, "its file has to be there");
  const startMs = startedAt ?? requestedAt;
  const ofPeople = (await erasuresIn(tx, meetingId)).filter(({ speakerId }) => speakerId !== null);
  const isDeletedAt = (ms: number) =>
    isErasedForAnybody(ofPeople, {
      ...{ startMs: ms, endMs: ms, speakerId: null, authorId: null, recordingId },
    });
  if (isDeletedAt(startMs) && isDeletedAt((stoppedAt ?? startMs) - 1))
    throw deleted(
      recordingId,
      "Somebody has deleted what they said in this meeting, and whose words are whose cannot be told in this recording",
    );
}

function stillOpen(recordingId: string, state: string, why: string): AppError {
  return new AppError("CONFLICT", `Before the recording can be transcribed ${why}`, {
    ...{ recordingId, state },
  });
}

/** `hears`: there is an engine for it on this server. */
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
  if (isOpen(state)) return refuse(stillOpen(recordingId, state, "it has to be stopped"));
  const isEmpty = provider === "embedded" ? tracks.length === 0 : state === "failed";
  if (isEmpty) return refusal("Nothing was captured that could be listened to", "no_media");
  return ok(undefined);
}
