import { v } from "convex/values";

/** The shapes of signalling on the wire. */
export const sessionState = v.union(
  v.literal("connecting"),
  v.literal("connected"),
  v.literal("disconnected"),
  v.literal("failed"),
  v.literal("closed"),
);

export const connectionQuality = v.union(
  v.literal("excellent"),
  v.literal("good"),
  v.literal("fair"),
  v.literal("poor"),
);

export const sessionMetadata = v.record(v.string(), v.union(v.string(), v.number(), v.boolean()));

export const sessionDescription = v.object({
  sdp: v.string(),
  type: v.union(
    v.literal("offer"),
    v.literal("answer"),
    v.literal("pranswer"),
    v.literal("rollback"),
  ),
});

export const iceCandidate = v.object({
  candidate: v.string(),
  sdpMLineIndex: v.optional(v.number()),
  sdpMid: v.optional(v.string()),
  usernameFragment: v.optional(v.string()),
});

export const pendingSignal = v.object({
  _id: v.id("webrtcSignals"),
  data: v.union(sessionDescription, iceCandidate),
  fromUserId: v.id("users"),
  sessionId: v.string(),
  timestamp: v.number(),
  type: v.union(v.literal("sdp"), v.literal("ice")),
});

export const activeSession = v.object({
  _creationTime: v.number(),
  _id: v.id("webrtcSessions"),
  connectionQuality: v.optional(connectionQuality),
  createdAt: v.number(),
  lastMetricsAt: v.optional(v.number()),
  meetingId: v.id("meetings"),
  metadata: v.optional(sessionMetadata),
  sessionId: v.string(),
  state: sessionState,
  updatedAt: v.number(),
  user: v.object({
    _id: v.id("users"),
    avatarUrl: v.optional(v.string()),
    displayName: v.optional(v.string()),
  }),
  userId: v.id("users"),
});

export const failureType = v.union(
  v.literal("ice_failed"),
  v.literal("connection_timeout"),
  v.literal("media_failed"),
  v.literal("signaling_failed"),
);

export const connectionStats = v.object({
  bitrate: v.number(),
  jitter: v.number(),
  latency: v.number(),
  packetLoss: v.number(),
});
