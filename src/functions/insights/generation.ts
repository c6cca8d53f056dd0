import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { requestInsights } from "../../insights/request.ts";
import { action } from "../../runtime/builders.ts";

export const generateInsights = action({
  permission: can.host("meetingId"),
  summary: "generateInsights",
  description:
    "Makes the insights of a meeting that has ended, one for each person in it; those that are there stay, unless `forceRegenerate` " +
    "asks for all anew; what somebody has deleted does not come back. They are made by themselves soon after the end, once its " +
    "recordings were listened to. What they tell is " +
    "taken from the transcript and the notes; where nothing was said or noted there are none. `insightsGenerated` is how many this call " +
    "has written, `participantInsights` are the ids of all. Fails with VALIDATION_ERROR (`not_concluded`) before the end, and " +
    "RATE_LIMIT_EXCEEDED (ten in any five minutes). For hosts.",
  args: { forceRegenerate: v.optional(v.boolean()), meetingId: v.id("meetings") },
  returns: v.object({
    insightsGenerated: v.number(),
    participantInsights: v.array(v.id("insights")),
    success: v.boolean(),
  }),
  handler: async ({ services, grant, signal }, { meetingId, forceRegenerate = false }) => {
    const wish = { meetingId, isForced: forceRegenerate };
    const { ids, written } = await requestInsights(services, grant.user, wish, signal);
    return { success: true, insightsGenerated: written, participantInsights: ids };
  },
});
