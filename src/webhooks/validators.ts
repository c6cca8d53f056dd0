import { v } from "convex/values";

/** The shapes webhooks have on the wire. */
export const webhookType = v.union(
  v.literal("meeting.started"),
  v.literal("meeting.ended"),
  v.literal("recording.started"),
  v.literal("recording.paused"),
  v.literal("recording.resumed"),
  v.literal("recording.stopped"),
  v.literal("recording.found"),
  v.literal("recording.ready"),
  v.literal("recording.failed"),
  v.literal("recording.deleted"),
);

const endpointFields = {
  endpointId: v.string(),
  url: v.string(),
  description: v.optional(v.string()),
  eventTypes: v.array(webhookType),
  enabled: v.boolean(),
  disabledReason: v.optional(v.string()),
  previousSecretUntil: v.optional(v.number()),
  createdAt: v.number(),
  updatedAt: v.number(),
};

export const endpoint = v.object(endpointFields);
export const createdEndpoint = v.object({ ...endpointFields, secret: v.string() });

export const delivery = v.object({
  eventId: v.string(),
  type: v.string(),
  meetingId: v.optional(v.string()),
  recordingId: v.optional(v.string()),
  sequence: v.number(),
  state: v.union(v.literal("pending"), v.literal("delivered"), v.literal("dead")),
  attempts: v.number(),
  nextAttemptAt: v.optional(v.number()),
  lastAttemptAt: v.optional(v.number()),
  lastStatus: v.optional(v.number()),
  lastError: v.optional(v.string()),
  createdAt: v.number(),
});
