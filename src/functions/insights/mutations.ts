import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { storeFeedback } from "../../insights/feedback.ts";
import { deleteInsight } from "../../insights/request.ts";
import { insightFeedback } from "../../insights/validators.ts";
import { mutation } from "../../runtime/builders.ts";

const permission = can.insightOwner("insightId");

export const updateInsightsFeedback = mutation({
  permission,
  summary: "updateInsightsFeedback",
  description:
    "Stores what somebody thinks of an insight; what is not given stays as it was. `rating` is 1 to 5, `notes` have 1,000 characters " +
    "at most, and empty ones take them back. For its owner and administrators of the organisation that both its owner and its meeting belong to.",
  args: { feedback: insightFeedback, insightId: v.id("insights") },
  returns: v.null(),
  handler: async ({ tx, grant }, { feedback }) => {
    const { insight, person } = grant;
    await storeFeedback(tx, { id: insight.id, userId: person.id }, feedback);
    return null;
  },
});

export const deleteInsights = mutation({
  permission,
  summary: "deleteInsights",
  description:
    "Removes an insight for good: it is not made again, whoever asks for it. For its owner and administrators of the organisation " +
    "that both its owner and its meeting belong to.",
  args: { insightId: v.id("insights") },
  returns: v.null(),
  handler: async ({ tx, grant }) => {
    const { insight, person, user } = grant;
    await deleteInsight(tx, { ...insight, userId: person.id }, user?.id);
    return null;
  },
});
