import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { action } from "../../runtime/builders.ts";
import { transcribeRecording as transcribe } from "../../transcripts/transcribeRecording.ts";
import { recordingStatus } from "../../transcripts/validators.ts";

export const transcribeRecording = action({
  permission: can.recordingHost("recordingId"),
  callsPerMinute: 60,
  summary: "transcribeRecording",
  description:
    "Has a stopped recording of a paid meeting written down that has no transcript, or not a whole one: speech recognition was off " +
    "on the server or in the meeting, or it failed. It goes on where it ended: asking again changes nothing while it is `running`, nor " +
    "once it is `complete`, and no line is there twice. `progress` tells how far it is. Of a file with all voices in one (`mixedSound`) the lines have no " +
    "`speakerId`. Fails with CONFLICT while the recording runs, while such a file is not finished, and once its " +
    "transcript was deleted (`transcript_deleted`), or somebody's words in such a file, and " +
    "with VALIDATION_ERROR and its `reason` where there is nothing to be heard (`no_media`), where it was turned off in the meeting all the while (`transcription_off`), on the free plan (`paid_tier_required`), and where this server recognises no speech " +
    "(`transcription_unavailable`). For hosts.",
  args: { recordingId: v.string() },
  returns: recordingStatus,
  handler: ({ services, grant }, { recordingId }) =>
    transcribe(services, grant.user.id, recordingId),
});
