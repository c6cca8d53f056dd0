import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { currentMatch } from "../../matching/currentMatch.ts";
import { enterQueue, leaveQueue } from "../../matching/enter.ts";
import { forceStatus } from "../../matching/force.ts";
import { activeEntries, queueStatus } from "../../matching/status.ts";
import {
  constraints,
  currentMatch as currentMatchShape,
  entryStatus,
  queueEntry,
  queueStatus as queueStatusShape,
} from "../../matching/validators.ts";
import { mutation, query } from "../../runtime/builders.ts";

export const enterMatchingQueue = mutation({
  permission: can.user,
  summary: "enterMatchingQueue",
  description:
    "Says that the caller is free from `availableFrom` to `availableTo` (epoch ms, 15 minutes or more, at most 30 days ahead) and wants to " +
    "be brought together with somebody, to talk about these interests (1 to 20) in these roles (1 to 5). `orgConstraints` is " +
    '"same" for people of the own organisation alone; else everybody counts. Who fits is looked for at once and again every minute. One entry ' +
    "waits for a person: entering again replaces it, at the end of the queue. Refused with VALIDATION_ERROR while the profile is hidden " +
    "(`profile_hidden`) and until a match is over (`matched`); five times a minute.",
  args: { availableFrom: v.number(), availableTo: v.number(), constraints },
  returns: v.id("matchingQueue"),
  handler: ({ tx, grant }, request) => enterQueue(tx, grant.user, request),
});

export const cancelQueueEntry = mutation({
  permission: can.user,
  summary: "cancelQueueEntry",
  description:
    "The caller waits no longer: with the entry `queueId`, or with the one that waits. NOT_FOUND where there is none of theirs, " +
    "VALIDATION_ERROR where it waits no longer; a match is declined by submitMatchFeedback.",
  args: { queueId: v.optional(v.id("matchingQueue")) },
  returns: v.null(),
  handler: async ({ tx, grant }, { queueId }) => {
    await leaveQueue(tx, grant.user, queueId);
    return null;
  },
});

export const getQueueStatus = query({
  permission: can.user,
  summary: "getQueueStatus",
  description:
    "What the caller entered last; null before, and after they have left. While it waits `queuePosition` is its place, from 1, " +
    "`potentialMatches` how many others wait whom they could be brought together with, as far as time, organisation and earlier declines go, and " +
    "`estimatedWaitTime` how long people have waited for the last matches (median, ms); absent while there are too few. A match " +
    "names the other as `matchedWith`; getCurrentMatch tells the rest. `expired` once too little time is left for a meeting.",
  args: {},
  returns: v.union(queueStatusShape, v.null()),
  handler: ({ tx, grant }) => queueStatus(tx, grant.user.id),
});

export const getCurrentMatch = query({
  permission: can.user,
  summary: "getCurrentMatch",
  description:
    "The match the caller is in: with whom, why, and the meeting that was made for both, who are its hosts. It is `accepted` once both have " +
    "said yes by submitMatchFeedback; what is not accepted until `answerBy` comes to nothing. Null where there is none, or it is over.",
  args: {},
  returns: v.union(currentMatchShape, v.null()),
  handler: ({ tx, grant }) => currentMatch(tx, grant.user.id),
});

export const getActiveQueueEntries = query({
  permission: can.anyOrgAdmin,
  summary: "getActiveQueueEntries",
  description:
    "Who waits, the first in the queue first: 50, or `limit` (100 at most), who are free within `timeWindow` ms (31 days at most). " +
    "Administrators are told of their organisation's people, the administration key of all.",
  args: { limit: v.optional(v.number()), timeWindow: v.optional(v.number()) },
  returns: v.array(queueEntry),
  handler: ({ tx, grant }, wish) => activeEntries(tx, grant.user?.orgId ?? null, wish),
});

export const updateQueueStatus = mutation({
  permission: can.admin,
  summary: "updateQueueStatus",
  description:
    "Gives an entry another status, with all that follows: `matched` makes a match with `matchedWith`, who has to wait and be free at the " +
    "same time, whatever they have in common; any other ends the match the entry is in, cancels its meeting and gives the other one their place " +
    "back; `waiting` gives it its place back. Refused with VALIDATION_ERROR where that cannot be. For the administration key.",
  args: {
    matchedWith: v.optional(v.id("users")),
    queueId: v.id("matchingQueue"),
    status: entryStatus,
  },
  returns: v.null(),
  handler: async ({ tx, services }, wish) => {
    await forceStatus(tx, services, wish);
    return null;
  },
});
