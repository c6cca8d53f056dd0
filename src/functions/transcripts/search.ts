import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { action } from "../../runtime/builders.ts";
import { searchTranscripts as search } from "../../search/searchTranscripts.ts";

export const searchTranscripts = action({
  permission: can.user,
  callsPerMinute: 60,
  maxArgsBytes: 4 * 1024,
  summary: "searchTranscripts",
  description:
    "Finds what was said in the caller's meetings, or in one of them: lines with the words of `query` first (in any form of English, " +
    '`"…"` for words side by side, `or`, `-` for words that are not there), then lines of a like meaning (`match`), with how near they are. At most 20, ' +
    "or `limit` (50 at most). `url` leads into the player at that second, or to the meeting where nothing was recorded. `meaning` is " +
    "`off` where the server has no model, and `unavailable` where it gave no answer; what was said in a running meeting is found by its words " +
    "alone. Fails with VALIDATION_ERROR for a query of no or more than 200 characters, and after sixty calls in a minute.",
  args: {
    limit: v.optional(v.number()),
    meetingId: v.optional(v.id("meetings")),
    query: v.string(),
  },
  returns: v.object({
    hits: v.array(
      v.object({
        excerpt: v.string(),
        lineId: v.id("transcripts"),
        match: v.union(v.literal("words"), v.literal("meaning")),
        meetingId: v.id("meetings"),
        meetingTitle: v.string(),
        recordingId: v.optional(v.string()),
        score: v.optional(v.number()),
        seconds: v.optional(v.number()),
        speakerId: v.optional(v.id("users")),
        speakerName: v.optional(v.string()),
        startMs: v.number(),
        url: v.string(),
      }),
    ),
    meaning: v.union(v.literal("used"), v.literal("off"), v.literal("unavailable")),
  }),
  handler: ({ services, grant, signal }, request) =>
    search(services, grant.user.id, request, signal),
});
