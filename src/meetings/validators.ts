import { v } from "convex/values";

/** The shapes meetings have on the wire. */
export const meetingState = v.union(
  v.literal("scheduled"),
  v.literal("active"),
  v.literal("concluded"),
  v.literal("cancelled"),
);

export const meetingType = v.union(
  v.literal("one-on-one"),
  v.literal("small-group"),
  v.literal("large-meeting"),
  v.literal("webinar"),
);

export const participantRole = v.union(
  v.literal("host"),
  v.literal("participant"),
  v.literal("observer"),
);

export const requestedRole = v.union(
  v.literal("host"),
  v.literal("co-host"),
  v.literal("participant"),
  v.literal("observer"),
);

export const activityType = v.union(
  v.literal("speaking"),
  v.literal("message"),
  v.literal("screen_share"),
  v.literal("reaction"),
);

export const inviteRole = v.union(v.literal("participant"), v.literal("observer"));

export const presence = v.union(v.literal("invited"), v.literal("joined"), v.literal("left"));

export const videoProvider = v.union(v.literal("webrtc"), v.literal("getstream"));

export const features = v.object({
  maxParticipants: v.number(),
  recording: v.boolean(),
  transcription: v.boolean(),
});

export const iceServers = v.array(
  v.object({
    credential: v.optional(v.string()),
    urls: v.union(v.string(), v.array(v.string())),
    username: v.optional(v.string()),
  }),
);

export const roomInfo = v.object({
  iceServers: v.optional(iceServers),
  roomId: v.optional(v.string()),
});

export const connectionInfo = v.object({
  iceServers: v.optional(iceServers),
  roomId: v.optional(v.string()),
  streamToken: v.optional(v.string()),
});

/** Ours, beyond the published shape: the recording that is open now. */
const openRecording = v.object({
  recordingId: v.string(),
  state: v.union(v.literal("starting"), v.literal("recording"), v.literal("stopping")),
  startedAt: v.number(),
  startedBy: v.id("users"),
  startedByName: v.optional(v.string()),
  /** Since when it is paused. */
  pausedAt: v.optional(v.number()),
});

const listedFields = {
  _id: v.id("meetings"),
  createdAt: v.number(),
  description: v.optional(v.string()),
  duration: v.optional(v.number()),
  organizerId: v.id("users"),
  participantCount: v.optional(v.number()),
  recording: v.optional(openRecording),
  scheduledAt: v.optional(v.number()),
  state: meetingState,
  title: v.string(),
  updatedAt: v.number(),
  userPresence: presence,
  userRole: participantRole,
};

export const listedMeeting = v.object(listedFields);

export const meeting = v.object({
  ...listedFields,
  _creationTime: v.number(),
  activeWebRTCSessions: v.number(),
  averageRating: v.optional(v.number()),
  streamRoomId: v.optional(v.string()),
  /** Ours, beyond the published shape: whether the host wants written down what is said. */
  transcriptionEnabled: v.optional(v.boolean()),
  /** Ours: true where what is said in recordings is written down. */
  transcription: v.optional(v.boolean()),
  webrtcEnabled: v.optional(v.boolean()),
});

export const listedParticipant = v.object({
  _creationTime: v.number(),
  _id: v.id("meetingParticipants"),
  createdAt: v.number(),
  joinedAt: v.optional(v.number()),
  leftAt: v.optional(v.number()),
  meetingId: v.id("meetings"),
  presence,
  role: participantRole,
  user: v.object({
    _id: v.id("users"),
    avatarUrl: v.optional(v.string()),
    displayName: v.optional(v.string()),
  }),
  userId: v.id("users"),
  webrtcConnected: v.boolean(),
  webrtcSessionCount: v.number(),
});
