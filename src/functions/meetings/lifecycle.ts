import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { createMeeting as create } from "../../meetings/lifecycle/createMeeting.ts";
import { cancelMeeting as cancel, endMeeting as end } from "../../meetings/lifecycle/endMeeting.ts";
import { startMeeting as start } from "../../meetings/lifecycle/startMeeting.ts";
import { joinMeeting as join, leaveMeeting as leave } from "../../meetings/people/attendance.ts";
import { addParticipants } from "../../meetings/people/manyPeople.ts";
import { organizerOf } from "../../meetings/people/organizer.ts";
import {
  addParticipant as add,
  removeParticipant as remove,
} from "../../meetings/people/people.ts";
import { changeRole } from "../../meetings/people/roles.ts";
import { connectionInfo as connect } from "../../meetings/room/connectionInfo.ts";
import {
  connectionInfo,
  features,
  meetingType,
  requestedRole,
  roomInfo,
  videoProvider,
} from "../../meetings/validators.ts";
import { mutation } from "../../runtime/builders.ts";

export const createMeeting = mutation({
  permission: can.userOrAdmin,
  callsPerMinute: 60,
  summary: "createMeeting",
  description:
    "Creates a scheduled meeting with the caller as its host; with the administration key, with `organizerId`. The " +
    "plan of the organiser's organisation, else of the organiser, decides the tier, once and for all. A paid " +
    'meeting has a room on a server, reported as "getstream" whichever provider serves it, and may be recorded ' +
    "unless `recordingEnabled` is false; a free one connects 4 people at most, peer to peer, and is never recorded. " +
    "`features.recording` means permitted, never running. The title has 1 to 200 characters, `scheduledAt` is not " +
    "in the past, `duration` is 30 minutes unless said otherwise. `maxParticipants` is 10, or as many as fit, unless " +
    "said otherwise, and is enforced; above the tier's limit it is refused with VALIDATION_ERROR and the `limit`. " +
    "`participantEmails` adds the users of the organiser's organisation (of this server's own issuer, for a local " +
    "organiser) who are known by these addresses, if verified; others are ignored and can be brought in by an invite. " +
    "Sixty meetings a minute, more are refused with RATE_LIMIT_EXCEEDED.",
  args: {
    description: v.optional(v.string()),
    duration: v.optional(v.number()),
    maxParticipants: v.optional(v.number()),
    meetingType: v.optional(meetingType),
    organizerId: v.optional(v.id("users")),
    participantEmails: v.optional(v.array(v.string())),
    recordingEnabled: v.optional(v.boolean()),
    scheduledAt: v.optional(v.number()),
    title: v.string(),
    transcriptionEnabled: v.optional(v.boolean()),
  },
  returns: v.object({
    features,
    meetingId: v.id("meetings"),
    videoProvider,
    webrtcReady: v.boolean(),
  }),
  handler: async ({ tx, services, grant }, { organizerId, ...request }) => {
    const organizer = await organizerOf(tx, grant.user, organizerId);
    return create(tx, services, organizer, request, grant.user?.id);
  },
});

export const addParticipant = mutation({
  permission: can.host("meetingId"),
  summary: "addParticipant",
  description:
    'Adds a user to a meeting that is not over; a "co-host" is stored as participant. Refused with VALIDATION_ERROR ' +
    "when the user is in it already, when the meeting is over, and when it is full (`limit`). For the host.",
  args: { meetingId: v.id("meetings"), role: requestedRole, userId: v.id("users") },
  returns: v.object({ participantId: v.id("meetingParticipants"), success: v.boolean() }),
  handler: ({ tx, grant }, args) => add(tx, { ...args, actorUserId: grant.user.id }),
});

export const addMultipleParticipants = mutation({
  permission: can.host("meetingId"),
  callsPerMinute: 60,
  summary: "addMultipleParticipants",
  description:
    "Adds up to 100 users to a meeting that is not over, and tells whom it skipped: `already a participant`, `user not " +
    'found` or `meeting is full`. A "co-host" is stored as participant. Refused with VALIDATION_ERROR when the meeting ' +
    "is over. For the host.",
  args: {
    meetingId: v.id("meetings"),
    participants: v.array(v.object({ role: requestedRole, userId: v.id("users") })),
  },
  returns: v.object({
    added: v.array(v.id("meetingParticipants")),
    skipped: v.array(v.object({ reason: v.string(), userId: v.id("users") })),
    success: v.boolean(),
  }),
  handler: ({ tx, grant }, args) => addParticipants(tx, { ...args, actorUserId: grant.user.id }),
});

export const updateParticipantRole = mutation({
  permission: can.host("meetingId"),
  summary: "updateParticipantRole",
  description:
    "Makes somebody in the meeting a host or a participant, in any of its states; what they are already is no change. " +
    "The last host, deactivated ones not counted, has to stay one. For the host.",
  args: {
    meetingId: v.id("meetings"),
    newRole: v.union(v.literal("host"), v.literal("participant")),
    userId: v.id("users"),
  },
  returns: v.null(),
  handler: async ({ tx, grant }, { newRole, ...args }) => {
    await changeRole(tx, { ...args, role: newRole, actorUserId: grant.user.id });
    return null;
  },
});

export const removeParticipant = mutation({
  permission: can.host("meetingId"),
  summary: "removeParticipant",
  description:
    "Takes a user out of the meeting, ends their media at once, closes their sessions and refuses their room tokens; invites made before " +
    "do not let them in again. The last host cannot be removed. For the host.",
  args: { meetingId: v.id("meetings"), userId: v.id("users") },
  returns: v.null(),
  handler: async ({ tx, services, grant }, args) => {
    await remove(tx, services, { ...args, actorUserId: grant.user.id });
    return null;
  },
});

export const startMeeting = mutation({
  permission: can.host("meetingId"),
  summary: "startMeeting",
  description:
    "Starts a scheduled meeting. `webrtcReady` is true for a free meeting; a paid one's room is being opened, and " +
    "getMeetingConnectionInfo tells when it can be used. In any other state: VALIDATION_ERROR. For the host.",
  args: { meetingId: v.id("meetings") },
  returns: v.object({
    roomInfo: v.optional(roomInfo),
    success: v.boolean(),
    videoProvider,
    webrtcReady: v.boolean(),
  }),
  handler: ({ tx, services, grant }, { meetingId }) =>
    start(tx, services, meetingId, grant.user.id),
});

export const joinMeeting = mutation({
  permission: can.participant("meetingId"),
  summary: "joinMeeting",
  description:
    "Declares the caller present in a running meeting; again is no change. `webrtcReady` = there is a room to " +
    "connect to. Refused with MEETING_NOT_ACTIVE, and with VALIDATION_ERROR when it is full (`limit`).",
  args: { meetingId: v.id("meetings") },
  returns: v.object({ success: v.boolean(), webrtcReady: v.boolean() }),
  handler: ({ tx, grant }, { meetingId }) => join(tx, { meetingId, userId: grant.user.id }),
});

export const leaveMeeting = mutation({
  permission: can.participant("meetingId"),
  summary: "leaveMeeting",
  description:
    "Declares the caller gone; again is no change. The meeting goes on: ending it is up to its hosts, also when " +
    "they have left.",
  args: { meetingId: v.id("meetings") },
  returns: v.object({ success: v.boolean() }),
  handler: ({ tx, grant }, { meetingId }) => leave(tx, { meetingId, userId: grant.user.id }),
});

export const endMeeting = mutation({
  permission: can.host("meetingId"),
  summary: "endMeeting",
  description:
    "Ends a running meeting for everybody, stops its recording and closes its room. `duration` is how long it ran, " +
    "in milliseconds. In any other state: MEETING_NOT_ACTIVE. For the host.",
  args: { meetingId: v.id("meetings") },
  returns: v.object({ duration: v.optional(v.number()), success: v.boolean() }),
  handler: ({ tx, services, grant }, { meetingId }) => end(tx, services, meetingId, grant.user.id),
});

export const cancelMeeting = mutation({
  permission: can.host("meetingId"),
  summary: "cancelMeeting",
  description:
    "Cancels a scheduled meeting, for good. In any other state: VALIDATION_ERROR. For the host.",
  args: { meetingId: v.id("meetings") },
  returns: v.null(),
  handler: async ({ tx, grant }, { meetingId }) => {
    await cancel(tx, meetingId, grant.user.id);
    return null;
  },
});

export const getMeetingConnectionInfo = mutation({
  permission: can.participant("meetingId"),
  summary: "getMeetingConnectionInfo",
  description:
    "Where to connect to in a running meeting: the room and the ICE servers. A room token comes from " +
    "generateParticipantTokenPublic. Fails with MEETING_NOT_ACTIVE in any other state, and with STREAM_ERROR and " +
    "`retryAfterMs` while the video provider has not opened the room. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.object({ connectionInfo, features, success: v.boolean(), videoProvider }),
  handler: ({ tx, services, grant }, { meetingId }) =>
    connect(tx, services, meetingId, grant.user.id),
});
