import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { lineCorrections } from "../../transcripts/correctLine.ts";
import { firstSegments } from "../../transcripts/segments.ts";
import { transcriptStatus } from "../../transcripts/status.ts";
import { recordingStatus, transcriptState } from "../../transcripts/validators.ts";

export const getTranscriptSegments = query({
  permission: can.participant("meetingId"),
  summary: "getTranscriptSegments",
  description:
    "What was said in the order of speech, with lines of one speaker joined where at most 5 s are between them and nobody else " +
    "spoke, in parts of two minutes at most: the first 100, or `limit` (1,000 at most). `topics` are those of the meeting's topics " +
    "that are named in it, `correctedAt` is when the text of a line was last corrected. For everyone in the meeting.",
  args: { limit: v.optional(v.number()), meetingId: v.id("meetings") },
  returns: v.array(
    v.object({
      _creationTime: v.number(),
      _id: v.id("transcriptSegments"),
      correctedAt: v.optional(v.number()),
      createdAt: v.number(),
      endMs: v.number(),
      meetingId: v.id("meetings"),
      sentiment: v.optional(v.number()),
      speakers: v.array(v.string()),
      startMs: v.number(),
      text: v.string(),
      topics: v.array(v.string()),
    }),
  ),
  handler: ({ tx }, request) => firstSegments(tx, request),
});

export const getLineCorrections = query({
  permission: can.participant("meetingId"),
  summary: "getLineCorrections",
  description:
    "What a line of the transcript was at first, as it was heard or sent (`original`), what each correction made of it, by whom and " +
    "when, and what it is now. For everyone in the meeting.",
  args: { lineId: v.id("transcripts"), meetingId: v.id("meetings") },
  returns: v.object({
    corrections: v.array(
      v.object({
        correctedAt: v.number(),
        correctedBy: v.id("users"),
        correctedByName: v.optional(v.string()),
        text: v.string(),
      }),
    ),
    original: v.string(),
    text: v.string(),
  }),
  handler: ({ tx }, { meetingId, lineId }) => lineCorrections(tx, meetingId, lineId),
});

export const getTranscriptStatus = query({
  permission: can.participant("meetingId"),
  summary: "getTranscriptStatus",
  description:
    "Whether what is said in the meeting is written down (`enabled`), and what has become of that: `off` where a host does not want it, " +
    "`unavailable` where nobody can (`reason`: `transcription_unavailable` on this server, `paid_tier_required` on the free plan, " +
    "`mixed_sound` of a file with all voices in one that is not finished), `none` where nobody has listened and `transcribeRecording` may ask for it, `running`, " +
    "`complete`, `incomplete` where tracks could not be heard (`error`), `failed` (`error`) or `deleted`. The same of each of the 100 newest recordings, " +
    "or of the one that `recordingId` names. `mixedSound` is there where all voices are in one file: its lines have no speaker. `progress` is how much of the sound of a stopped recording was listened to, 0 to 1; " +
    "`notUnderstood` counts stretches of speech, of `notUnderstoodMs` together, that are in no line because they were in another language " +
    "than English, or lost in noise. For everyone in the meeting.",
  args: { meetingId: v.id("meetings"), recordingId: v.optional(v.string()) },
  returns: v.object({
    enabled: v.boolean(),
    state: transcriptState,
    recordings: v.array(recordingStatus),
  }),
  handler: ({ tx, services }, asked) => transcriptStatus(tx, services, asked),
});
