import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { applyOperation, applyOperations } from "../../notes/apply.ts";
import { rollBack } from "../../notes/rollback.ts";
import { appliedOperation, noteOperation, operationResult } from "../../notes/validators.ts";
import { mutation } from "../../runtime/builders.ts";

/** The longest notes, as JSON of whatever characters. */
const maxArgsBytes = 1024 * 1024;

export const applyNoteOperation = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes,
  summary: "applyNoteOperation",
  description:
    "Inserts into the notes, or deletes from them. Positions and lengths are UTF-16 units; `clientSequence` is the `cursor` of " +
    "subscribeMeetingNotes that came with the text the operation was made of, and what others have written since is taken into account. " +
    "One call at a time: another one is made of the text that has the first. `conflicts` are the ids of operations that have moved it; " +
    "where there are some, `transformedOperation` may be only its first part, and the content has to be read. `serverSequence` is " +
    "that of its last part. Which of two inserts at one place is first is decided by their authors' ids. A call whose " +
    "answer was lost must not simply be repeated, unless it came over a live client, which does so by itself: `expectedVersion` " +
    "refuses the repeat with CONFLICT, and operations of notes/offline, which have ids, are carried out once. Notes have 100,000 " +
    "characters at most, and one person writes 200 operations or 500,000 characters a minute (RATE_LIMIT_EXCEEDED with " +
    "`retryAfterMs`). Other refusals: VALIDATION_ERROR (beyond the end, in the middle of a character, NUL), CONFLICT with " +
    "`reason` `sequence_too_old` (read the notes again), and MEETING_NOT_ACTIVE for a meeting that was cancelled; before and " +
    "after a meeting its notes can be written. Not for observers.",
  args: {
    clientSequence: v.number(),
    expectedVersion: v.optional(v.number()),
    meetingId: v.id("meetings"),
    operation: noteOperation,
  },
  returns: appliedOperation,
  handler: ({ tx, grant }, { meetingId, ...sent }) =>
    applyOperation(tx, { meetingId, userId: grant.user.id }, sent),
});

export const batchApplyNoteOperations = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes,
  summary: "batchApplyNoteOperations",
  description:
    "As applyNoteOperation, for 1 to 200 operations. Those of one `clientSequence` are relative to each other in their order, as " +
    "keystrokes are: they are carried out as one, count as one, and their results are the same. Where one cannot be carried " +
    "out, neither can those behind it of the same `clientSequence`: they count as `failed`, `success` is false, and their result " +
    "is a retain of length 0 without conflicts. Where nothing can be carried out the call is refused, as applyNoteOperation " +
    "would be. Not for observers.",
  args: {
    expectedVersion: v.optional(v.number()),
    meetingId: v.id("meetings"),
    operations: v.array(v.object({ clientSequence: v.number(), operation: noteOperation })),
  },
  returns: v.object({
    failed: v.number(),
    newVersion: v.number(),
    processed: v.number(),
    results: v.array(operationResult),
    success: v.boolean(),
  }),
  handler: ({ tx, grant }, { meetingId, ...sent }) =>
    applyOperations(tx, { meetingId, userId: grant.user.id }, sent),
});

export const rollbackToSequence = mutation({
  permission: can.host("meetingId"),
  callsPerMinute: 20,
  maxArgsBytes: 16 * 1024,
  summary: "rollbackToSequence",
  description:
    "Brings back the text as it was after that operation, 0 being the empty one, by another operation: nothing is taken out of the " +
    "history, sequences go on, and a rollback can be rolled back. `operationsRemoved` is how many it takes back. `reason` has 200 " +
    "characters at most, for the audit log. Of the history the last 20,000 operations and 8 million characters are kept; what is older " +
    "is refused with CONFLICT. Twenty a minute. For hosts.",
  args: {
    meetingId: v.id("meetings"),
    reason: v.optional(v.string()),
    targetSequence: v.number(),
  },
  returns: v.object({
    newVersion: v.number(),
    operationsRemoved: v.number(),
    success: v.boolean(),
  }),
  handler: ({ tx, grant }, { meetingId, ...target }) =>
    rollBack(tx, { meetingId, userId: grant.user.id }, target),
});
