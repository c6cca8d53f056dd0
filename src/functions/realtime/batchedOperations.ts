import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { joinMeeting, leaveMeeting } from "../../meetings/people/attendance.ts";
import { batchStats } from "../../monitoring/batches.ts";
import { applyOperation } from "../../notes/apply.ts";
import { noteOperation } from "../../notes/validators.ts";
import { action, mutation } from "../../runtime/builders.ts";
import { ingestChunk } from "../../transcripts/ingest.ts";

export const batchUpdatePresence = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "batchUpdatePresence",
  description:
    "Declares the caller present or gone, as joinMeeting and leaveMeeting do, with their refusals; again is no change. It is " +
    "written when the answer comes: a batch of one, and `queued` is false, because nothing waits. `metadata` makes no difference. " +
    "For participants of the meeting who are not observers.",
  args: {
    meetingId: v.id("meetings"),
    metadata: v.optional(v.record(v.string(), v.union(v.string(), v.number(), v.boolean()))),
    presence: v.union(v.literal("joined"), v.literal("left")),
  },
  returns: v.object({ batchSize: v.number(), queued: v.boolean() }),
  handler: async ({ tx, grant }, { meetingId, presence }) => {
    const attendee = { meetingId, userId: grant.user.id };
    await (presence === "joined" ? joinMeeting(tx, attendee) : leaveMeeting(tx, attendee));
    return { batchSize: 1, queued: false };
  },
});

export const batchIngestTranscriptChunk = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 64 * 1024,
  summary: "batchIngestTranscriptChunk",
  description:
    "Writes down what was said, as ingestTranscriptChunk does, with its refusals and its limit. It is written when the answer comes: " +
    "a batch of one, and `queued` is false, because nothing waits. For participants of the meeting who are not observers.",
  args: {
    confidence: v.number(),
    endMs: v.number(),
    interim: v.optional(v.boolean()),
    meetingId: v.id("meetings"),
    speakerId: v.optional(v.string()),
    startMs: v.number(),
    text: v.string(),
  },
  returns: v.object({ batchSize: v.number(), queued: v.boolean() }),
  handler: async ({ tx, grant }, { startMs: startTime, endMs: endTime, interim, ...said }) => {
    const { text, confidence, speakerId } = said;
    const timeFields = ["startMs", "endMs"] as const;
    const chunk = {
      text,
      confidence,
      speakerId,
      startTime,
      endTime,
      isInterim: interim,
      timeFields,
    };
    await ingestChunk(tx, grant.participant, chunk);
    return { batchSize: 1, queued: false };
  },
});

export const batchApplyNoteOperation = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 1024 * 1024,
  summary: "batchApplyNoteOperation",
  description:
    "As notes/mutations:applyNoteOperation, to the version of the notes that the caller expects; another is refused with CONFLICT. It " +
    "is written when the answer comes: a batch of one, and `queued` is false, because nothing waits. Not for observers.",
  args: {
    clientSequence: v.number(),
    expectedVersion: v.number(),
    meetingId: v.id("meetings"),
    operation: noteOperation,
  },
  returns: v.object({ batchSize: v.number(), queued: v.boolean(), serverSequence: v.number() }),
  handler: async ({ tx, grant }, { meetingId, ...sent }) => {
    const { serverSequence } = await applyOperation(tx, { meetingId, userId: grant.user.id }, sent);
    return { batchSize: 1, queued: false, serverSequence };
  },
});

export const flushAllBatches = action({
  permission: can.anyOrgAdmin,
  callsPerMinute: 60,
  summary: "flushAllBatches",
  description:
    "Does nothing: whatever a client was answered has been written, and what getBatchStats counts is written without being asked. " +
    "For administrators of any organisation, sixty a minute.",
  args: {},
  returns: v.null(),
  handler: () => null,
});

export const getBatchStats = action({
  permission: can.anyOrgAdmin,
  callsPerMinute: 120,
  summary: "getBatchStats",
  description:
    "What waits to be written at all nodes, as it was a few seconds ago. `presence` are joins and leaves that rooms have told of; it " +
    "grows while the database is slow or away. Notes and transcripts never wait: who sends them is answered when they are " +
    "written. For administrators of any organisation, 120 a minute.",
  args: {},
  returns: v.object({
    noteOps: v.object({ queueSize: v.number() }),
    presence: v.object({ queueSize: v.number() }),
    transcripts: v.object({ queueSize: v.number() }),
  }),
  handler: ({ services }) => services.db.read(batchStats),
});
