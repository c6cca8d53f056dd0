import { v } from "convex/values";

/** The shapes of matching on the wire. */
export const constraints = v.object({
  interests: v.array(v.string()),
  orgConstraints: v.optional(v.string()),
  roles: v.array(v.string()),
});

export const entryStatus = v.union(
  v.literal("waiting"),
  v.literal("matched"),
  v.literal("expired"),
  v.literal("cancelled"),
);

const entryFields = {
  _creationTime: v.number(),
  _id: v.id("matchingQueue"),
  availableFrom: v.number(),
  availableTo: v.number(),
  constraints,
  createdAt: v.number(),
  matchedWith: v.optional(v.id("users")),
  status: entryStatus,
  updatedAt: v.number(),
  userId: v.id("users"),
};

export const queueEntry = v.object(entryFields);

export const queueStatus = v.object({
  ...entryFields,
  estimatedWaitTime: v.optional(v.number()),
  potentialMatches: v.optional(v.number()),
  queuePosition: v.optional(v.number()),
});

export const outcome = v.union(
  v.literal("accepted"),
  v.literal("declined"),
  v.literal("completed"),
);

export const matchFeedback = v.object({ comments: v.optional(v.string()), rating: v.number() });

const featureFields = {
  experienceGap: v.number(),
  industryMatch: v.number(),
  interestOverlap: v.number(),
  languageOverlap: v.number(),
  orgConstraintMatch: v.number(),
  roleComplementarity: v.number(),
  timezoneCompatibility: v.number(),
};

export const features = v.object({ ...featureFields, vectorSimilarity: v.optional(v.number()) });

export const customWeights = v.object({ ...featureFields, vectorSimilarity: v.number() });

export const currentMatch = v.object({
  answerBy: v.number(),
  endsAt: v.number(),
  hasAccepted: v.boolean(),
  matchId: v.string(),
  meetingId: v.id("meetings"),
  meetingState: v.union(
    v.literal("scheduled"),
    v.literal("active"),
    v.literal("concluded"),
    v.literal("cancelled"),
  ),
  partner: v.object({
    avatarUrl: v.optional(v.string()),
    displayName: v.optional(v.string()),
    hasAccepted: v.boolean(),
    userId: v.id("users"),
  }),
  reasons: v.array(v.string()),
  startsAt: v.number(),
  state: v.union(v.literal("proposed"), v.literal("accepted")),
});

export const historyEntry = v.object({
  _id: v.id("matchingAnalytics"),
  createdAt: v.number(),
  features,
  feedback: v.optional(matchFeedback),
  matchId: v.string(),
  outcome,
});

export const stats = v.object({
  acceptedMatches: v.number(),
  averageRating: v.optional(v.number()),
  completedMatches: v.number(),
  successRate: v.number(),
  topFeatures: v.array(
    v.object({ averageScore: v.number(), count: v.number(), feature: v.string() }),
  ),
  totalMatches: v.number(),
});

export const globalAnalytics = v.object({
  averageScore: v.number(),
  featureImportance: v.array(
    v.object({ averageScore: v.number(), correlation: v.number(), feature: v.string() }),
  ),
  matchingTrends: v.array(
    v.object({ averageScore: v.number(), date: v.string(), matchCount: v.number() }),
  ),
  outcomeDistribution: v.object({
    accepted: v.number(),
    completed: v.number(),
    declined: v.number(),
  }),
  totalMatches: v.number(),
});
