import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { storeFeedback } from "../../prompts/store.ts";
import { promptFeedback } from "../../prompts/validators.ts";
import { mutation } from "../../runtime/builders.ts";

export const updatePromptFeedback = mutation({
  permission: can.promptParticipant("promptId"),
  summary: "updatePromptFeedback",
  description:
    "Stores what was done with a prompt; one for all people of the meeting, and the last one counts. `used` notes when, " +
    "`dismissed` takes it away from everybody. For everyone in the prompt's meeting.",
  args: { feedback: promptFeedback, promptId: v.id("prompts") },
  returns: v.null(),
  handler: async ({ tx }, { promptId, feedback }) => {
    await storeFeedback(tx, promptId, feedback);
    return null;
  },
});
