import { v } from "convex/values";

/** The shapes of notes on the wire. */
const operationType = v.union(v.literal("insert"), v.literal("delete"), v.literal("retain"));

const operationFields = {
  content: v.optional(v.string()),
  length: v.optional(v.number()),
  position: v.number(),
  type: operationType,
};

export const noteOperation = v.object(operationFields);

const changeFields = {
  conflicts: v.array(v.string()),
  serverSequence: v.number(),
  transformedOperation: noteOperation,
};

export const operationResult = v.object(changeFields);

export const appliedOperation = v.object({
  ...changeFields,
  newVersion: v.number(),
  success: v.boolean(),
});

export const notesDocument = v.object({
  _creationTime: v.number(),
  _id: v.id("meetingNotes"),
  content: v.string(),
  lastRebasedAt: v.number(),
  meetingId: v.id("meetings"),
  updatedAt: v.number(),
  version: v.number(),
});

export const followedNotes = v.object({
  content: v.string(),
  cursor: v.string(),
  lastUpdated: v.number(),
  permissions: v.array(v.string()),
  rateLimited: v.boolean(),
  subscriptionValid: v.boolean(),
  version: v.number(),
});

/** An operation as clients keep it offline. */
export const offlineOperation = v.object({
  ...operationFields,
  attempts: v.number(),
  authorId: v.string(),
  clientId: v.string(),
  error: v.optional(v.string()),
  id: v.string(),
  lastAttempt: v.optional(v.number()),
  queuedAt: v.number(),
  sequence: v.number(),
  status: v.union(
    v.literal("pending"),
    v.literal("syncing"),
    v.literal("synced"),
    v.literal("failed"),
  ),
  timestamp: v.number(),
  transformedFrom: v.optional(v.array(v.string())),
});

export const queueStatus = v.object({
  failed: v.number(),
  newestPending: v.optional(v.number()),
  oldestPending: v.optional(v.number()),
  pending: v.number(),
  queueHealth: v.union(v.literal("healthy"), v.literal("warning"), v.literal("critical")),
  synced: v.number(),
  syncing: v.number(),
  totalQueued: v.number(),
});

export const checkpointData = v.object({
  contentHash: v.string(),
  sequence: v.number(),
  timestamp: v.number(),
  version: v.number(),
});
