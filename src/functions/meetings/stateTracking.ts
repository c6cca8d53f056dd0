import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import {
  addSpeakingTime,
  recordActivity as record,
  replaceTopics,
} from "../../meetings/activity/activity.ts";
import { activityType } from "../../meetings/validators.ts";
import { mutation } from "../../runtime/builders.ts";

const permission = can.contributor("meetingId");

export const updateSpeakingStats = mutation({
  permission,
  summary: "updateSpeakingStats",
  description:
    "Adds to how long the caller has spoken in a running meeting, in whole milliseconds (1 to a day); a host may report it of " +
    "everybody in the meeting, anybody else's fails with FORBIDDEN. Nobody has spoken for longer than the meeting has run: " +
    "what is beyond that is not counted. It counts as activity. MEETING_NOT_ACTIVE in any other state. Not for observers.",
  args: { meetingId: v.id("meetings"), speakingDurationMs: v.number(), userId: v.id("users") },
  returns: v.null(),
  handler: async ({ tx, grant }, report) => {
    await addSpeakingTime(tx, grant.participant, report);
    return null;
  },
});

export const updateCurrentTopics = mutation({
  permission,
  summary: "updateCurrentTopics",
  description:
    "Replaces what a running meeting is about now: 50 topics of 200 characters at most. MEETING_NOT_ACTIVE in any other " +
    "state. Not for observers.",
  args: { meetingId: v.id("meetings"), topics: v.array(v.string()) },
  returns: v.null(),
  handler: async ({ tx }, { meetingId, topics }) => {
    await replaceTopics(tx, meetingId, topics);
    return null;
  },
});

export const recordActivity = mutation({
  permission,
  summary: "recordActivity",
  description:
    "Notes that somebody does something in a running meeting, which ends a lull: the caller, or whoever a host names as " +
    "`userId`. Anybody else's fails with FORBIDDEN, a meeting in any other state with MEETING_NOT_ACTIVE. Not for observers.",
  args: { activityType, meetingId: v.id("meetings"), userId: v.optional(v.id("users")) },
  returns: v.null(),
  handler: async ({ tx, grant }, report) => {
    await record(tx, grant.participant, report);
    return null;
  },
});
