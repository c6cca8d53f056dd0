import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { ingestChunk } from "../../transcripts/ingest.ts";
import { chunksAfter, transcriptFigures } from "../../transcripts/read.ts";

export const ingestTranscriptChunk = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 64 * 1024,
  summary: "ingestTranscriptChunk",
  description:
    "Writes down what was said in a running meeting: 1 to 10,000 characters, from `startTime` to `endTime` in epoch ms, or in ms " +
    "since the meeting began. `speakerId` can only be the caller: nobody puts words in another's mouth. `isInterim` marks a guess, " +
    "which the caller's next line takes the place of. The same line again is answered with the number it has. Fails with " +
    "MEETING_NOT_ACTIVE, VALIDATION_ERROR (`transcription_off` where the host does not want it) or RATE_LIMIT_EXCEEDED (fifty in " +
    "any 60 s). For participants of the meeting who are not observers.",
  args: {
    confidence: v.number(),
    endTime: v.number(),
    isInterim: v.optional(v.boolean()),
    language: v.optional(v.string()),
    meetingId: v.id("meetings"),
    speakerId: v.optional(v.string()),
    startTime: v.number(),
    text: v.string(),
  },
  returns: v.object({
    bucketMs: v.number(),
    rateLimitRemaining: v.number(),
    sequence: v.number(),
    success: v.boolean(),
  }),
  handler: async ({ tx, grant }, { meetingId: _, ...chunk }) => ({
    success: true,
    ...(await ingestChunk(tx, grant.participant, chunk)),
  }),
});

export const getTranscriptChunks = mutation({
  permission: can.participant("meetingId"),
  callsPerMinute: 600,
  summary: "getTranscriptChunks",
  description:
    "What was said, in the order it was written: lines with a higher number than `fromSequence`, 100 or `limit` (200 at most) of " +
    "them, at any time, long after the meeting too; guesses are left out. `bucketMs` asks for the lines of five minutes alone, by " +
    "their beginning in epoch ms. Extension: `correctedAt`, where the text was corrected. For everyone in the meeting.",
  args: {
    bucketMs: v.optional(v.number()),
    fromSequence: v.optional(v.number()),
    limit: v.optional(v.number()),
    meetingId: v.id("meetings"),
  },
  returns: v.array(
    v.object({
      _id: v.id("transcripts"),
      confidence: v.number(),
      correctedAt: v.optional(v.number()),
      createdAt: v.number(),
      endMs: v.number(),
      language: v.optional(v.string()),
      sequence: v.number(),
      speakerId: v.optional(v.string()),
      startMs: v.number(),
      text: v.string(),
      wordCount: v.number(),
    }),
  ),
  handler: ({ tx }, request) => chunksAfter(tx, request),
});

export const getTranscriptStats = mutation({
  permission: can.participant("meetingId"),
  callsPerMinute: 120,
  summary: "getTranscriptStats",
  description:
    "How much was said: lines, words, from the first to the last of them in ms, by whom and in which languages. Guesses do not " +
    "count. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.object({
    averageConfidence: v.number(),
    bucketCount: v.number(),
    duration: v.number(),
    languages: v.array(v.string()),
    speakers: v.array(v.string()),
    totalChunks: v.number(),
    totalWords: v.number(),
  }),
  handler: ({ tx }, { meetingId }) => transcriptFigures(tx, meetingId),
});
