import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { runMatchingCycle as run } from "../../matching/runNow.ts";
import { action } from "../../runtime/builders.ts";

export const runMatchingCycle = action({
  permission: can.anyOrgAdmin,
  callsPerMinute: 30,
  summary: "runMatchingCycle",
  description:
    "Compares all who wait now, which happens by itself every minute and whenever somebody enters. Pairs score `minScore` or more (0.6, or 0 to 1), " +
    "`maxMatches` are made (50, or 1 to 1000). Who has waited longest chooses first. Any number of cycles may run at once, nobody " +
    "is in two matches. All are compared with all: `shardCount` (1 to 64) makes no difference, and `processedShards` is 1. For " +
    "administrators, thirty a minute.",
  args: {
    maxMatches: v.optional(v.number()),
    minScore: v.optional(v.number()),
    shardCount: v.optional(v.number()),
  },
  returns: v.object({
    averageScore: v.number(),
    processedShards: v.number(),
    processingTimeMs: v.number(),
    totalMatches: v.number(),
  }),
  handler: ({ services, grant }, wish) => run(services, grant.user?.id, wish),
});
