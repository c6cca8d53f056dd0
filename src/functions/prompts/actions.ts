import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { generatePreCall } from "../../prompts/generate.ts";
import { action } from "../../runtime/builders.ts";

export const generatePreCallIdeas = action({
  permission: can.participant("meetingId"),
  callsPerMinute: 60,
  summary: "generatePreCallIdeas",
  description:
    "At most six ideas of what to talk about: interests and fields that people of the meeting share, their goals, and what they had left " +
    "to do when they last met. Of hidden profiles nothing is told, and of an earlier meeting only where everybody was in it. Those that are there are " +
    "answered again (`fromCache`), unless `forceRegenerate` asks for others; they are made anew when people come or go. `generated` is " +
    "false where nothing is known that could be said. Once the meeting is over nothing is made any more. Fails with " +
    "RATE_LIMIT_EXCEEDED after ten that were forced in five minutes. For everyone in the meeting.",
  args: { forceRegenerate: v.optional(v.boolean()), meetingId: v.id("meetings") },
  returns: v.object({
    fromCache: v.boolean(),
    generated: v.boolean(),
    promptIds: v.array(v.id("prompts")),
  }),
  handler: ({ services, grant }, { meetingId, forceRegenerate = false }) =>
    generatePreCall(services.db, grant.user, { meetingId, isForced: forceRegenerate }),
});
