import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { orThrow } from "../../core/result.ts";
import { followedParticipants } from "../../meetings/people/followedParticipants.ts";
import { participantRole, presence } from "../../meetings/validators.ts";
import { followedNotes } from "../../notes/validators.ts";
import { followedNotes as notesOf } from "../../notes/views.ts";
import { query } from "../../runtime/builders.ts";
import { permissionsOf } from "../../subscriptions/rules.ts";
import { validate } from "../../subscriptions/subscriptions.ts";
import { validityFields } from "../../subscriptions/validators.ts";
import { followLines } from "../../transcripts/read.ts";

export const subscribeMeetingParticipants = query({
  permission: can.participant("meetingId"),
  summary: "subscribeMeetingParticipants",
  description:
    "The people of the meeting in the order they were added, with their presence, for following it live. `email` is told to " +
    "the person themselves and to administrators of their organisation, and is empty for everybody else. `subscriptionValid` is " +
    "true: who may not be told is refused, and so is everybody who is taken out of the meeting. `subscriptionId` names what " +
    "changes count for in getSubscriptionStats. For everyone in the meeting.",
  args: { meetingId: v.id("meetings"), subscriptionId: v.optional(v.string()) },
  returns: v.object({
    participants: v.array(
      v.object({
        _id: v.id("meetingParticipants"),
        joinedAt: v.optional(v.number()),
        leftAt: v.optional(v.number()),
        presence,
        role: participantRole,
        user: v.object({
          avatarUrl: v.optional(v.string()),
          displayName: v.optional(v.string()),
          email: v.string(),
        }),
        userId: v.id("users"),
      }),
    ),
    permissions: v.array(v.string()),
    subscriptionValid: v.boolean(),
  }),
  handler: async ({ tx, grant }, { meetingId }) => ({
    participants: await followedParticipants(tx, grant.user, meetingId),
    permissions: [...orThrow(permissionsOf("meetingParticipants", grant.participant.role))],
    subscriptionValid: true,
  }),
});

export const subscribeTranscriptStream = query({
  permission: can.participant("meetingId"),
  summary: "subscribeTranscriptStream",
  description:
    "What is said, for following it live: lines with a higher number than `fromSequence`, 50 or `limit` (200 at most) of them, and " +
    "`nextSequence` to go on from. A line with `isInterim` is a guess; a later one takes its place. After the meeting it tells what " +
    "was said as ever, with `subscriptionValid` false because nothing follows. Extension: `correctedAt`, where the text was corrected. " +
    "`subscriptionId` names what changes count for in getSubscriptionStats. For everyone in the meeting.",
  args: {
    fromSequence: v.optional(v.number()),
    limit: v.optional(v.number()),
    meetingId: v.id("meetings"),
    subscriptionId: v.optional(v.string()),
  },
  returns: v.object({
    nextSequence: v.number(),
    permissions: v.array(v.string()),
    subscriptionValid: v.boolean(),
    transcripts: v.array(
      v.object({
        _id: v.id("transcripts"),
        confidence: v.number(),
        correctedAt: v.optional(v.number()),
        createdAt: v.number(),
        endMs: v.number(),
        isInterim: v.optional(v.boolean()),
        sequence: v.number(),
        speakerId: v.optional(v.string()),
        startMs: v.number(),
        text: v.string(),
      }),
    ),
    validUntil: v.optional(v.number()),
  }),
  handler: async ({ tx, grant }, { subscriptionId: _, ...request }) => ({
    ...(await followLines(tx, request)),
    permissions: [...orThrow(permissionsOf("transcripts", grant.participant.role))],
  }),
});

export const subscribeMeetingNotes = query({
  permission: can.participant("meetingId"),
  summary: "subscribeMeetingNotes",
  description:
    "The notes of a meeting, for following them live, whole and as they are now: nobody is told less often or something older, and " +
    "`rateLimited` is false. The answer's `cursor` is the last operation in `content`, which operations of that content name as their " +
    "`clientSequence`; a `cursor` in the arguments makes no difference. `subscriptionValid` is true: who may not be told is " +
    "refused. `subscriptionId` names what changes count for in getSubscriptionStats. For everyone in the meeting.",
  args: {
    cursor: v.optional(v.string()),
    meetingId: v.id("meetings"),
    subscriptionId: v.optional(v.string()),
  },
  returns: v.union(followedNotes, v.null()),
  handler: async ({ tx, grant }, { meetingId }) => ({
    ...(await notesOf(tx, meetingId)),
    permissions: [...orThrow(permissionsOf("meetingNotes", grant.participant.role))],
    subscriptionValid: true,
    rateLimited: false,
  }),
});

export const validateSubscription = query({
  permission: can.user,
  summary: "validateSubscription",
  description:
    "Whether the caller can follow a part of a meeting: `meetingNotes`, `transcripts` (while the meeting runs), " +
    "`meetingParticipants` or `participants`. A subscription need not be established for that; one that is, under " +
    "`subscriptionId` and to the same, has a `validUntil`, and is not valid once that has passed. `reason` says why it is not " +
    "valid, `shouldReconnect` whether establishing it again may help. `lastValidated` makes no difference.",
  args: {
    lastValidated: v.number(),
    resourceId: v.id("meetings"),
    resourceType: v.string(),
    subscriptionId: v.string(),
  },
  returns: v.object(validityFields),
  handler: ({ tx, grant }, { lastValidated: _, ...asked }) => validate(tx, grant.user, asked),
});
