import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { matchingFigures } from "../../matching/analytics.ts";
import { giveFeedback } from "../../matching/feedback.ts";
import { matchHistory, matchingStats, publishedFeatures } from "../../matching/history.ts";
import { tuneWeights } from "../../matching/tune.ts";
import {
  features,
  globalAnalytics,
  historyEntry,
  matchFeedback,
  outcome,
  stats,
} from "../../matching/validators.ts";
import { action, mutation, query } from "../../runtime/builders.ts";

export const submitMatchFeedback = mutation({
  permission: can.user,
  summary: "submitMatchFeedback",
  description:
    "What the caller says of a match of theirs, by its id or by that of their queue entry; each once. `accepted`: it counts as accepted once both " +
    "have said so. `declined`, before the meeting has begun: the meeting is cancelled, the other one has their place in the queue again, the " +
    "caller waits no longer, and the two are not brought together for a week. `completed`: they have met; once both have accepted and the " +
    "time has come. `rating` is 1 to 5, `comments` have 1,000 characters at most; the last ones count, and nobody else is told them. NOT_FOUND for " +
    "anybody else, CONFLICT for what was said already, VALIDATION_ERROR with the `reason` where it comes too early or too late.",
  args: { feedback: v.optional(matchFeedback), matchId: v.string(), outcome },
  returns: v.null(),
  handler: async ({ tx, grant }, feedback) => {
    await giveFeedback(tx, grant.user.id, feedback);
    return null;
  },
});

export const getMatchHistory = query({
  permission: can.user,
  summary: "getMatchHistory",
  description:
    "The caller's matches that both have accepted, one has declined, or that were completed, the newest first: 20, or `limit` (100 at most), after " +
    "the first `offset` (10,000 at most). `feedback` is the caller's own. Features that were not known are 0.",
  args: { limit: v.optional(v.number()), offset: v.optional(v.number()) },
  returns: v.array(historyEntry),
  handler: ({ tx, grant }, page) => matchHistory(tx, grant.user.id, page),
});

export const getMatchingStats = query({
  permission: can.user,
  summary: "getMatchingStats",
  description:
    "Figures of the caller's matches: all, those that both have accepted, those of these that were completed (`successRate` is their share), the " +
    "average of the marks they have given, and the five features that were highest.",
  args: {},
  returns: stats,
  handler: ({ tx, grant }) => matchingStats(tx, grant.user.id),
});

export const getGlobalMatchingAnalytics = query({
  permission: can.anyOrgAdmin,
  summary: "getGlobalMatchingAnalytics",
  description:
    "Figures of the matches of the last `timeRange` ms (7 days, or up to 366), by day in UTC, and how each feature goes with that a match was " +
    "completed (correlation, -1 to 1; 0 where nothing differs). Administrators are told of matches of their organisation's people, the " +
    "administration key of all.",
  args: { timeRange: v.optional(v.number()) },
  returns: globalAnalytics,
  handler: ({ tx, grant }, wish) => matchingFigures(tx, grant.user?.orgId ?? null, wish),
});

export const optimizeMatchingWeights = action({
  permission: can.anyOrgAdmin,
  callsPerMinute: 30,
  summary: "optimizeMatchingWeights",
  description:
    "Tunes what each feature counts by what has become of matches; from `minSamples` outcomes on, 100 or more. The weights are " +
    "stored as a new version, and hold from then on, where they tell better who will meet (`improvement`: by how much their score correlates more " +
    "with that); else those in force are answered, with 0. Earlier versions stay. An administrator tunes by matches within their organisation, and for " +
    "these; the administration key by all, for all others. Refused with VALIDATION_ERROR (`too_few_samples`). Thirty a minute.",
  args: { minSamples: v.optional(v.number()) },
  returns: v.object({
    improvement: v.number(),
    optimizedWeights: features,
    sampleSize: v.number(),
  }),
  handler: async ({ services, grant }, { minSamples }) => {
    const { user } = grant;
    const tuning = { orgId: user?.orgId ?? null, actorUserId: user?.id, minSamples };
    const { weights, improvement, samples } = await tuneWeights(services.db, tuning);
    return { optimizedWeights: publishedFeatures(weights), improvement, sampleSize: samples };
  },
});
