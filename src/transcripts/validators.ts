import { v } from "convex/values";

/** The shapes transcripts have on the wire. */
export const transcriptState = v.union(
  v.literal("off"),
  v.literal("unavailable"),
  v.literal("none"),
  v.literal("running"),
  v.literal("complete"),
  v.literal("incomplete"),
  v.literal("failed"),
  v.literal("deleted"),
);

export const recordingStatus = v.object({
  recordingId: v.string(),
  state: transcriptState,
  reason: v.optional(
    v.union(
      v.literal("transcription_unavailable"),
      v.literal("paid_tier_required"),
      v.literal("mixed_sound"),
    ),
  ),
  mixedSound: v.optional(v.boolean()),
  progress: v.optional(v.number()),
  notUnderstood: v.number(),
  notUnderstoodMs: v.number(),
  error: v.optional(v.string()),
});
