import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { createCheckpoint, findCheckpoint } from "../../notes/offline/checkpoints.ts";
import {
  clearOperations,
  queueOperations,
  queueStatus as statusOf,
} from "../../notes/offline/queue.ts";
import { retryOperations, syncOperations } from "../../notes/offline/sync.ts";
import { checkpointData, offlineOperation, queueStatus } from "../../notes/validators.ts";
import { mutation } from "../../runtime/builders.ts";

const client = { clientId: v.string(), meetingId: v.id("meetings") };

export const queueOfflineOperations = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 1024 * 1024,
  summary: "queueOfflineOperations",
  description:
    "Stores 1 to 200 operations that the caller's client made while it was offline, or before it knows that they arrived; " +
    "syncOfflineOperations carries them out. `clientId` and each operation's `id` are the client's choice (1 to 128 visible ASCII " +
    "characters); an id that is there already is no change, so a call may be repeated until it is answered, and no operation is " +
    "carried out twice; one that has failed waits again. `queued` is how many wait by this call. `sequence` is the `cursor` of subscribeMeetingNotes that came with the text " +
    "the operation was made of; operations of one `sequence` are relative to each other, in their order. `authorId` is the caller " +
    "(FORBIDDEN otherwise). `status`, `attempts` and times are the client's own, and make no difference. At most 500 operations of " +
    "one client, and 2,000 of one person in a meeting, wait or have failed (RATE_LIMIT_EXCEEDED); what waits for 30 days is given " +
    "up. Other refusals: VALIDATION_ERROR, CONFLICT for another operation under the same id, MEETING_NOT_ACTIVE for a cancelled " +
    "meeting. All are stored or none. Not for observers.",
  args: { ...client, operations: v.array(offlineOperation) },
  returns: v.object({ queueId: v.string(), queued: v.number(), success: v.boolean() }),
  handler: ({ tx, grant }, { operations, ...queue }) =>
    queueOperations(tx, { ...queue, userId: grant.user.id }, operations),
});

export const syncOfflineOperations = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "syncOfflineOperations",
  description:
    "Carries out what waits in the client's queue, in the order in which it was queued: with `queueId` what that call queued and what " +
    "came before, 50 operations at most, or `maxOperations` (up to 200). What others have written meanwhile is taken into account; " +
    "`conflicts` counts the operations that it has moved. One that cannot be carried out fails, and so do those of the same text " +
    "that were made after it; `errors` has a line for each, beginning with its id. Again is no change. More than 200 changes or " +
    "500,000 characters of one person in a minute are refused with RATE_LIMIT_EXCEEDED; what waits stays. Not for observers.",
  args: {
    ...client,
    maxOperations: v.optional(v.number()),
    queueId: v.optional(v.string()),
  },
  returns: v.object({
    conflicts: v.number(),
    errors: v.array(v.string()),
    failed: v.number(),
    newVersion: v.number(),
    remainingInQueue: v.number(),
    success: v.boolean(),
    synced: v.number(),
  }),
  handler: ({ tx, grant }, { clientId, meetingId, ...wish }) =>
    syncOperations(tx, { clientId, meetingId, userId: grant.user.id }, wish),
});

export const getOfflineQueueStatus = mutation({
  permission: can.participant("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "getOfflineQueueStatus",
  description:
    "How many operations of the caller's client wait, were carried out, or have failed; `syncing` is 0, because nothing is ever half " +
    "done. `queueHealth` is critical with more than 10 failed, or one that waits for 5 minutes; a warning with more than 50 " +
    "that wait, or one for a minute. For everyone in the meeting, who see their own alone.",
  args: client,
  returns: queueStatus,
  handler: ({ tx, grant }, queue) => statusOf(tx, { ...queue, userId: grant.user.id }),
});

export const retryFailedOperations = mutation({
  permission: can.contributor("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "retryFailedOperations",
  description:
    "Lets operations of the client's that have failed less than `maxRetries` times (3) wait again, and carries out what waits, 200 at " +
    "most. Refusals as syncOfflineOperations. Not for observers.",
  args: { ...client, maxRetries: v.optional(v.number()) },
  returns: v.object({ retriedCount: v.number(), successCount: v.number() }),
  handler: ({ tx, grant }, { maxRetries, ...queue }) =>
    retryOperations(tx, { ...queue, userId: grant.user.id }, maxRetries),
});

export const clearSyncedOperations = mutation({
  permission: can.participant("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "clearSyncedOperations",
  description:
    "Forgets operations of the client's that were carried out at least `olderThanMs` ago, an hour if nothing is said. Their ids are free " +
    "then: a repeat would be carried out again. Without this call the last 500 of a client are remembered, for 7 days. For " +
    "everyone in the meeting.",
  args: { ...client, olderThanMs: v.optional(v.number()) },
  returns: v.object({ cleared: v.number() }),
  handler: ({ tx, grant }, { olderThanMs, ...queue }) =>
    clearOperations(tx, { ...queue, userId: grant.user.id }, olderThanMs),
});

export const createOfflineCheckpoint = mutation({
  permission: can.participant("meetingId"),
  callsPerMinute: 120,
  maxArgsBytes: 16 * 1024,
  summary: "createOfflineCheckpoint",
  description:
    "Remembers which text the client had, by its sequence, version and a hash of the client's choice, without the text. The last 100 of " +
    "a person in a meeting are kept, for 30 days; 120 a minute. For everyone in the meeting.",
  args: { ...client, checkpointData },
  returns: v.object({ checkpointId: v.string(), success: v.boolean() }),
  handler: ({ tx, grant }, { checkpointData: data, ...queue }) =>
    createCheckpoint(tx, { ...queue, userId: grant.user.id }, data),
});

export const restoreFromCheckpoint = mutation({
  permission: can.participant("meetingId"),
  maxArgsBytes: 16 * 1024,
  summary: "restoreFromCheckpoint",
  description:
    "What the same client of the caller's remembered under that id; `success` is false where it is not there. It changes nothing: a text " +
    "is brought back by rollbackToSequence. For everyone in the meeting, who see their own alone.",
  args: { ...client, checkpointId: v.string() },
  returns: v.object({ checkpoint: v.optional(checkpointData), success: v.boolean() }),
  handler: ({ tx, grant }, { checkpointId, ...queue }) =>
    findCheckpoint(tx, { ...queue, userId: grant.user.id }, checkpointId),
});
