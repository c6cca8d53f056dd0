import { v } from "convex/values";

/** The shapes of prompts on the wire. */
export const promptFeedback = v.union(
  v.literal("used"),
  v.literal("dismissed"),
  v.literal("upvoted"),
);

export const prompt = v.object({
  _id: v.id("prompts"),
  content: v.string(),
  createdAt: v.number(),
  feedback: v.optional(promptFeedback),
  relevance: v.number(),
  tags: v.array(v.string()),
  usedAt: v.optional(v.number()),
});

export const followedPrompts = v.object({ lastUpdated: v.number(), prompts: v.array(prompt) });
