import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import {
  connectionRecommendation,
  insight,
  listedInsight,
  meetingInsight as meetingInsightShape,
} from "../../insights/validators.ts";
import {
  connectionRecommendations,
  insightById,
  meetingInsight,
  userInsights,
} from "../../insights/views.ts";
import { query } from "../../runtime/builders.ts";

export const getMeetingInsights = query({
  permission: can.participant("meetingId"),
  summary: "getMeetingInsights",
  description:
    "What the caller can take from a meeting: what it was about, what was decided, and at most five things to be done, their own first, as " +
    '"Bob: fix the login page (by Thursday)"; owner and date only where somebody said so. Link i leads to where item i was said: into ' +
    "the player at that second, or to the meeting where nothing was recorded. `summary` ends with how it was made. Null before it " +
    "was made, and where nothing was said or noted. Everybody has their own. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.union(meetingInsightShape, v.null()),
  handler: ({ tx, services, grant }, { meetingId }) =>
    meetingInsight(tx, services.publicUrl(), { userId: grant.user.id, meetingId }),
});

export const getUserInsights = query({
  permission: can.user,
  summary: "getUserInsights",
  description:
    "The caller's insights, the newest first: 20, or `limit` (100 at most), after the first `offset` (10,000 at most).",
  args: { limit: v.optional(v.number()), offset: v.optional(v.number()) },
  returns: v.array(listedInsight),
  handler: ({ tx, grant }, page) => userInsights(tx, grant.user.id, page),
});

export const getInsightById = query({
  permission: can.user,
  summary: "getInsightById",
  description:
    "One insight, for its owner and for administrators of the organisation that both its owner and its meeting belong to; null for " +
    "everybody else, as for one that does not exist.",
  args: { insightId: v.id("insights") },
  returns: v.union(insight, v.null()),
  handler: ({ tx, services, grant }, { insightId }) =>
    insightById(tx, services.publicUrl(), grant.user, insightId),
});

export const getConnectionRecommendations = query({
  permission: can.user,
  summary: "getConnectionRecommendations",
  description:
    "Of the caller's last 50 insights: whom they met and have interests, field or goals in common with (`connection`), and what one has " +
    "promised the other or was asked for (`follow-up`); the surest first, 10 or `limit` (100 at most). Of profiles that are hidden nothing is told.",
  args: { limit: v.optional(v.number()) },
  returns: v.array(connectionRecommendation),
  handler: ({ tx, grant }, wish) => connectionRecommendations(tx, grant.user.id, wish),
});
