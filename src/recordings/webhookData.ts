import { configOf, type Recording, recordedMs, recordingUrl } from "./recording.ts";
import { isOpen } from "./states.ts";

/**
 * What webhooks tell of a recording: all that is the case now, so that whoever missed an event loses nothing.
 * `recordingUrl` is a path. Times are epoch ms; what is not (yet) known is left out.
 */
export function webhookData(recording: Recording): object {
  const { id: recordingId, meetingId, state, requestedAt, errorCode, errorMessage } = recording;
  const { startedAt, pausedAt, stoppedAt, stopReason, deletedAt } = recording;
  const known = {
    startedAt,
    pausedAt: isOpen(state) ? pausedAt : null,
    stoppedAt,
    durationMs: recordedMs(recording),
    stopReason,
    error: errorCode === null ? null : { code: errorCode, message: errorMessage },
    deletedAt,
    // Behind it is nothing any more once it is deleted.
    recordingUrl: deletedAt === null ? recordingUrl("", recording) : null,
  };
  const told = Object.entries(known).filter(([, value]) => value !== null);
  const config = configOf(recording);
  return { recordingId, meetingId, state, config, requestedAt, ...Object.fromEntries(told) };
}
