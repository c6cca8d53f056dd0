import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";
import { announce } from "../meetings/announce.ts";
import { mayGrow } from "../meetings/states.ts";
import { lockMeeting, now } from "../meetings/store.ts";
import { beginBreak, endBreak } from "./breaks.ts";

const setEnabled = statement(
  "transcripts.setEnabled",
  "UPDATE meetings SET transcription_enabled = $2, updated_at = app_now() WHERE id = $1",
);

/** What came in while somebody turned it off, and guesses at what was being said. */
const removeSince = statement(
  "transcripts.removeSince",
  "DELETE FROM transcripts WHERE meeting_id = $1 AND (is_interim OR end_ms > $2)",
);

/**
 * Decides whether what is said in a meeting is written down from now on. What is said while it is off never is.
 * @throws AppError NOT_FOUND, VALIDATION_ERROR (the meeting is over), CONFLICT `too_many_breaks`
 */
export async function setTranscription(
  tx: Tx,
  { meetingId, enabled, actorUserId }: { meetingId: string; enabled: boolean; actorUserId: string },
): Promise<{ enabled: boolean }> {
  const meeting = await lockMeeting(tx, meetingId);
  orThrow(mayGrow(meeting));
  if (meeting.transcriptionEnabled === enabled) return { enabled };
  await tx.run(setEnabled, [meetingId, enabled]);
  if (meeting.startedAt !== null) {
    const at = Math.floor(await now(tx));
    if (enabled) await endBreak(tx, meetingId, { startedAt: meeting.startedAt, now: at });
    else {
      await beginBreak(tx, meetingId, at);
      await tx.run(removeSince, [meetingId, at]);
    }
  }
  tx.writes(`meeting:${meetingId}`, `transcript:${meetingId}`);
  const type = enabled ? "transcription_enabled" : "transcription_disabled";
  await announce(tx, { meetingId, type, actorUserId });
  return { enabled };
}
