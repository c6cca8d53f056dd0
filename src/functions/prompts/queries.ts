import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { followedPrompts as followedShape, prompt } from "../../prompts/validators.ts";
import { followedPrompts, promptViews } from "../../prompts/views.ts";
import { query } from "../../runtime/builders.ts";

const permission = can.participant("meetingId");
const args = { limit: v.optional(v.number()), meetingId: v.id("meetings") };

export const getPreCallPrompts = query({
  permission,
  summary: "getPreCallPrompts",
  description:
    "What generatePreCallIdeas has made, the most relevant first; 10, or `limit` (100 at most). What was dismissed is left out. For everyone in the meeting.",
  args,
  returns: v.array(prompt),
  handler: ({ tx }, wish) => promptViews(tx, "precall", wish),
});

export const getInCallPrompts = query({
  permission,
  summary: "getInCallPrompts",
  description:
    "What a running meeting could go on with, the most relevant first; 5, or `limit` (100 at most, of which there are 10). They come by " +
    "themselves, at most three at a time: after 30 s of silence and once more after 60, where somebody is hardly heard, and when the topic changes. Each names something of " +
    "this very meeting; none comes twice, and what was dismissed is left out. Where nothing is written down there are none. For everyone in the meeting.",
  args,
  returns: v.array(prompt),
  handler: ({ tx }, wish) => promptViews(tx, "incall", wish),
});

export const subscribeToInCallPrompts = query({
  permission,
  summary: "subscribeToInCallPrompts",
  description:
    "As getInCallPrompts: the newest ten, the newest first. `lastUpdated` is when the last one came, in epoch ms, and 0 before. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: followedShape,
  handler: ({ tx }, { meetingId }) => followedPrompts(tx, meetingId),
});
