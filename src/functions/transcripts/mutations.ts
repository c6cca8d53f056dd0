import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { correctLine as correct } from "../../transcripts/correctLine.ts";
import {
  deleteSpeakerLines as deleteLines,
  deleteTranscript as remove,
} from "../../transcripts/deleteTranscript.ts";
import { setTranscription } from "../../transcripts/setTranscription.ts";

export const setTranscriptionEnabled = mutation({
  permission: can.host("meetingId"),
  callsPerMinute: 60,
  summary: "setTranscriptionEnabled",
  description:
    "Turns off, or on again, that what is said is written down, in a meeting that is not over; everybody sees it as " +
    "`transcriptionEnabled` of `getMeeting`. It takes effect at once: a sentence that is being said is left out, and what is said until " +
    "it is turned on again is never written down, `transcribeRecording` included. What was said before stays. The same again changes " +
    "nothing. Fails with VALIDATION_ERROR once the meeting is over, and with CONFLICT (`too_many_breaks`) after 200 times. For hosts.",
  args: { enabled: v.boolean(), meetingId: v.id("meetings") },
  returns: v.object({ enabled: v.boolean() }),
  handler: ({ tx, grant }, args) => setTranscription(tx, { ...args, actorUserId: grant.user.id }),
});

export const deleteTranscript = mutation({
  permission: can.host("meetingId"),
  callsPerMinute: 60,
  summary: "deleteTranscript",
  description:
    "Deletes what was said in the meeting until now, for good, by whomever it was written; with `recordingId` what was said in that " +
    "recording. Whoever follows it sees it go. It is never written again: not by clients that send it again, and no recording that has " +
    "ended is listened to any more, `transcribeRecording` included. In a meeting that runs, what is said from now on is written down: " +
    "`setTranscriptionEnabled` turns that off. The recording itself stays. `deleted` is how many lines went; a repeat deletes nothing. " +
    "Recordings that are deleted take with them what was heard in them. For hosts.",
  args: { meetingId: v.id("meetings"), recordingId: v.optional(v.string()) },
  returns: v.object({ deleted: v.number() }),
  handler: ({ tx, grant }, { recordingId }) => remove(tx, grant.participant, recordingId),
});

export const deleteSpeakerLines = mutation({
  permission: can.participant("meetingId"),
  callsPerMinute: 60,
  summary: "deleteSpeakerLines",
  description:
    "Deletes what one person has said in the meeting until now, for good, and what they have sent without a speaker: the caller, or, " +
    "for a host, `speakerId`. Whoever follows the transcript sees it go, and it is never written again, also when their recordings are " +
    "listened to once more. What they say from now on is written down. Their sound stays in the recordings. `deleted` is how many lines " +
    "went; a repeat deletes nothing. Fails with FORBIDDEN for what others have said. For everyone in the meeting.",
  args: { meetingId: v.id("meetings"), speakerId: v.optional(v.id("users")) },
  returns: v.object({ deleted: v.number() }),
  handler: ({ tx, grant }, { speakerId }) => deleteLines(tx, grant.participant, speakerId),
});

export const correctLine = mutation({
  permission: can.participant("meetingId"),
  maxArgsBytes: 64 * 1024,
  summary: "correctLine",
  description:
    "Corrects the text of a line of the transcript, 1 to 10,000 characters: whoever said or sent it may, and hosts. Readers are told " +
    "the corrected text, with `correctedAt`; `getLineCorrections` has what it was, who changed it and when. No other hearing of the " +
    "recording takes a correction back. The same text again changes nothing. Fails with FORBIDDEN for what others have said, with " +
    "CONFLICT (`too_many_corrections`) after twenty of a line, and with RATE_LIMIT_EXCEEDED after sixty in any 60 s. For everyone in the meeting.",
  args: { lineId: v.id("transcripts"), meetingId: v.id("meetings"), text: v.string() },
  returns: v.object({ correctedAt: v.optional(v.number()), text: v.string() }),
  handler: ({ tx, grant }, { meetingId: _, ...correction }) =>
    correct(tx, grant.participant, correction),
});
