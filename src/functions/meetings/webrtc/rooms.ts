import { v } from "convex/values";
import { can } from "../../../auth/can.ts";
import { iceServers, videoProvider } from "../../../meetings/validators.ts";
import { reportFailure, reportQuality } from "../../../meetings/webrtc/reports.ts";
import { accessToken, initializeRoom } from "../../../meetings/webrtc/room.ts";
import {
  connectionQuality,
  connectionStats,
  failureType,
} from "../../../meetings/webrtc/validators.ts";
import { action } from "../../../runtime/builders.ts";

export const initializeWebRTCRoom = action({
  permission: can.host("meetingId"),
  summary: "initializeWebRTCRoom",
  description:
    "How a meeting connects, as was decided when it was made: a free one peer to peer, a paid one by its room on the " +
    "server, which is opened if it is not. Otherwise nothing is changed, and it need not be called. `maxParticipants` " +
    "above the meeting's own is refused with VALIDATION_ERROR and the `limit`; so is a meeting that is over. A paid " +
    "meeting that is not running: MEETING_NOT_ACTIVE. For the host.",
  args: { maxParticipants: v.optional(v.number()), meetingId: v.id("meetings") },
  returns: v.object({
    features: v.object({
      chat: v.boolean(),
      maxParticipants: v.number(),
      recording: v.boolean(),
      screenSharing: v.boolean(),
      transcription: v.boolean(),
    }),
    iceServers: v.optional(iceServers),
    provider: videoProvider,
    roomId: v.string(),
    success: v.boolean(),
  }),
  handler: ({ services, grant }, { meetingId, maxParticipants }) =>
    initializeRoom(services, grant.user.id, { meetingId, maxParticipants }),
});

export const generateParticipantAccessToken = action({
  permission: can.contributor("meetingId"),
  summary: "generateParticipantAccessToken",
  description:
    "A token for the caller's place in a running meeting, valid for one hour and given again on every call: of a paid " +
    "meeting that of its room, of a free one a JWT signed by this server with the caller's id, room, role and " +
    "permissions. `participantId` is the `sessionId`, or else the caller's place in the meeting. Observers are refused " +
    "with INSUFFICIENT_PERMISSIONS, a meeting that is not running with MEETING_NOT_ACTIVE. For hosts and participants.",
  args: { meetingId: v.id("meetings"), sessionId: v.optional(v.string()) },
  returns: v.object({
    participantId: v.string(),
    permissions: v.object({
      canKick: v.boolean(),
      canMute: v.boolean(),
      canRecord: v.boolean(),
      canShare: v.boolean(),
    }),
    provider: videoProvider,
    roomId: v.string(),
    success: v.boolean(),
    token: v.string(),
  }),
  handler: ({ services, grant }, { meetingId, sessionId }) =>
    accessToken(services, grant, { meetingId, sessionId }),
});

export const handleConnectionFailure = action({
  permission: can.participant("meetingId"),
  callsPerMinute: 60,
  summary: "handleConnectionFailure",
  description:
    "Notes that the caller's own session has failed, and tells whether to try again: after `ice_failed`, by creating it " +
    "again and restarting ICE. In a paid meeting nothing is noted: its room is connected to again, and `fallbackProvider` " +
    "is never told, because no other way would be in the recording. `errorDetails` has 1,000 characters at most. Without an " +
    "open session of the caller's by that name: NOT_FOUND. Otherwise MEETING_NOT_ACTIVE. For everyone in the meeting.",
  args: {
    errorDetails: v.optional(v.string()),
    errorType: failureType,
    meetingId: v.id("meetings"),
    sessionId: v.string(),
  },
  returns: v.object({
    fallbackProvider: v.optional(videoProvider),
    retryRecommended: v.boolean(),
    success: v.boolean(),
  }),
  handler: ({ services, grant }, { meetingId, sessionId, errorType, errorDetails }) => {
    const name = { meetingId, sessionId, userId: grant.user.id };
    return reportFailure(services, name, { type: errorType, details: errorDetails });
  },
});

export const monitorConnectionQuality = action({
  permission: can.participant("meetingId"),
  callsPerMinute: 120,
  summary: "monitorConnectionQuality",
  description:
    "Judges what the caller measured of their connection (bit/s, percent lost, round trip and jitter in ms): `poor` from " +
    "more than 5 %, 300 ms or 50 ms on. The last 20 reports of a session are kept. Without an open session of the " +
    "caller's by that name: NOT_FOUND (in a paid meeting nothing is kept). Otherwise MEETING_NOT_ACTIVE and " +
    "VALIDATION_ERROR; 120 calls a minute. For everyone in the meeting.",
  args: { meetingId: v.id("meetings"), sessionId: v.string(), stats: connectionStats },
  returns: v.object({
    quality: connectionQuality,
    recommendations: v.array(v.string()),
    shouldFallback: v.boolean(),
  }),
  handler: ({ services, grant }, { meetingId, sessionId, stats }) =>
    reportQuality(services, { meetingId, sessionId, userId: grant.user.id }, stats),
});
