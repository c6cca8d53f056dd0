import { v } from "convex/values";
import { can } from "../../../auth/can.ts";
import {
  closeSession as close,
  createSession,
  activeSessions as list,
  updateSession,
} from "../../../meetings/webrtc/sessions.ts";
import {
  markSignals,
  pendingSignals,
  sendCandidate,
  sendDescription,
} from "../../../meetings/webrtc/signals.ts";
import {
  activeSession,
  iceCandidate,
  pendingSignal,
  sessionDescription,
  sessionMetadata,
  sessionState,
} from "../../../meetings/webrtc/validators.ts";
import { mutation, query } from "../../../runtime/builders.ts";

export const createWebRTCSession = mutation({
  permission: can.participant("meetingId"),
  callsPerMinute: 60,
  summary: "createWebRTCSession",
  description:
    "Opens a session of the caller's in a running free meeting, by which others connect to them. Its name is the " +
    "client's choice, new for every window (1 to 128 visible ASCII characters); the same again is no change, and takes a " +
    "failed one up again. A name that somebody else has, or that was closed, is refused with CONFLICT. Of one person " +
    "four are open at most; the one heard of longest ago is closed. So is one that is not heard of for 5 minutes: " +
    "clients report their quality, or their state again. Other refusals: MEETING_NOT_ACTIVE, and VALIDATION_ERROR for a " +
    "paid meeting, which has a room on the server. For everyone in the meeting.",
  args: { meetingId: v.id("meetings"), sessionId: v.string() },
  returns: v.object({ sessionId: v.string(), success: v.boolean() }),
  handler: ({ tx, grant }, args) => createSession(tx, { ...args, userId: grant.user.id }),
});

export const exchangeSessionDescription = mutation({
  permission: can.participant("meetingId"),
  summary: "exchangeSessionDescription",
  description:
    "Sends an offer or answer from the caller's open session to one person, or to everybody else in the meeting. It " +
    "has 64 KiB at most, and is given up after 2 minutes. In these, one person may send 1,000 signals or 2 MiB, a " +
    "whole meeting three times that; more is refused with RATE_LIMIT_EXCEEDED and `retryAfterMs`. Other refusals: " +
    "MEETING_NOT_ACTIVE, VALIDATION_ERROR, and NOT_FOUND for a session or person that is not there. For everyone in the " +
    "meeting.",
  args: {
    description: sessionDescription,
    meetingId: v.id("meetings"),
    sessionId: v.string(),
    targetUserId: v.optional(v.id("users")),
  },
  returns: v.null(),
  handler: async ({ tx, grant }, { meetingId, sessionId, targetUserId, description }) => {
    const sending = { meetingId, sessionId, targetUserId, userId: grant.user.id };
    await sendDescription(tx, sending, description);
    return null;
  },
});

export const exchangeICECandidate = mutation({
  permission: can.participant("meetingId"),
  summary: "exchangeICECandidate",
  maxArgsBytes: 16 * 1024,
  description:
    "Sends an ICE candidate from the caller's open session to one person, or to everybody else in the meeting; an empty " +
    "one says that there are no more. It has 1,024 characters at most. Lifetime, limits and refusals as in " +
    "exchangeSessionDescription. For everyone in the meeting.",
  args: {
    candidate: iceCandidate,
    meetingId: v.id("meetings"),
    sessionId: v.string(),
    targetUserId: v.optional(v.id("users")),
  },
  returns: v.null(),
  handler: async ({ tx, grant }, { meetingId, sessionId, targetUserId, candidate }) => {
    const sending = { meetingId, sessionId, targetUserId, userId: grant.user.id };
    await sendCandidate(tx, sending, candidate);
    return null;
  },
});

export const getPendingSignals = query({
  permission: can.participant("meetingId"),
  summary: "getPendingSignals",
  description:
    "What others sent the caller and is neither marked as processed nor older than 2 minutes, in the order it was sent, 50 " +
    "at most; of one sender's session with `sessionId`, and behind the one seen last with `lastSignalId`. For everyone in " +
    "the meeting, who see their own alone.",
  args: {
    lastSignalId: v.optional(v.id("webrtcSignals")),
    meetingId: v.id("meetings"),
    sessionId: v.optional(v.string()),
  },
  returns: v.array(pendingSignal),
  handler: ({ tx, grant }, { meetingId, sessionId, lastSignalId }) =>
    pendingSignals(tx, { meetingId, sessionId, lastSignalId, userId: grant.user.id }),
});

export const markSignalsProcessed = mutation({
  permission: can.user,
  summary: "markSignalsProcessed",
  description:
    "Takes signals that were sent to the caller off their pending ones; those of others, and unknown ones, are left " +
    "alone, and again is no change. More than 200 are refused with VALIDATION_ERROR. For everyone who is signed in.",
  args: { signalIds: v.array(v.id("webrtcSignals")) },
  returns: v.null(),
  handler: async ({ tx, grant }, { signalIds }) => {
    await markSignals(tx, grant.user.id, signalIds);
    return null;
  },
});

export const updateSessionState = mutation({
  permission: can.participant("meetingId"),
  summary: "updateSessionState",
  description:
    "Says how the caller's own session stands; the same again is a sign of life. `metadata` (16 fields, 2,048 characters " +
    "at most) replaces what was kept with it. `closed` is for good. Without an open session of the caller's by that " +
    "name: NOT_FOUND. For everyone in the meeting.",
  args: {
    meetingId: v.id("meetings"),
    metadata: v.optional(sessionMetadata),
    sessionId: v.string(),
    state: sessionState,
  },
  returns: v.null(),
  handler: async ({ tx, grant }, { meetingId, sessionId, ...change }) => {
    await updateSession(tx, { meetingId, sessionId, userId: grant.user.id }, change);
    return null;
  },
});

export const getActiveSessions = query({
  permission: can.participant("meetingId"),
  summary: "getActiveSessions",
  description:
    "The sessions of a meeting that are neither closed nor failed, oldest first, with the name and picture of whose they " +
    "are. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.array(activeSession),
  handler: ({ tx }, { meetingId }) => list(tx, meetingId),
});

export const closeSession = mutation({
  permission: can.participant("meetingId"),
  summary: "closeSession",
  description:
    "Closes the caller's own session, for good, and takes back what it sent; nothing where there is none. For everyone in " +
    "the meeting.",
  args: { meetingId: v.id("meetings"), sessionId: v.string() },
  returns: v.null(),
  handler: async ({ tx, grant }, args) => {
    await close(tx, { ...args, userId: grant.user.id });
    return null;
  },
});
