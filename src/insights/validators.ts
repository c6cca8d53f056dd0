import { v } from "convex/values";

/** The shapes of insights on the wire. */
const recommendation = v.object({
  confidence: v.number(),
  content: v.string(),
  type: v.string(),
});

const fields = {
  _id: v.id("insights"),
  actionItems: v.array(v.string()),
  createdAt: v.number(),
  meetingDate: v.number(),
  meetingTitle: v.string(),
  recommendations: v.array(recommendation),
  summary: v.string(),
};

const links = v.array(v.object({ title: v.string(), type: v.string(), url: v.string() }));

/** One of a meeting that is known. */
export const meetingInsight = v.object({ ...fields, links });

/** One of a list. */
export const listedInsight = v.object({
  ...fields,
  _creationTime: v.number(),
  meetingId: v.id("meetings"),
});

export const insight = v.object({ ...listedInsight.fields, links });

export const connectionRecommendation = v.object({
  ...recommendation.fields,
  createdAt: v.number(),
  meetingId: v.id("meetings"),
  meetingTitle: v.string(),
});

export const insightFeedback = v.object({
  notes: v.optional(v.string()),
  rating: v.optional(v.number()),
  read: v.optional(v.boolean()),
  useful: v.optional(v.boolean()),
});
