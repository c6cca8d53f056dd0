import { v } from "convex/values";

/** The shapes recordings have on the wire. */
export const layout = v.union(
  v.literal("grid"),
  v.literal("spotlight"),
  v.literal("single-participant"),
);

export const quality = v.union(v.literal("360p"), v.literal("720p"), v.literal("1080p"));

export const recordingState = v.union(
  v.literal("starting"),
  v.literal("recording"),
  v.literal("stopping"),
  v.literal("processing"),
  v.literal("ready"),
  v.literal("failed"),
);

const config = v.object({ quality, layout, audioOnly: v.boolean() });
const progress = v.object({ done: v.number(), etaMs: v.optional(v.number()) });

const gap = v.object({ startMs: v.number(), endMs: v.number(), reason: v.string() });

/** What was left out of the file: where on its timeline, and how much wall time. */
const pause = v.object({
  atMs: v.number(),
  durationMs: v.number(),
  startedAt: v.number(),
  endedAt: v.number(),
});

/** Media that was received and is not in the recording, or not all of it. */
const problem = v.object({
  code: v.union(
    v.literal("not_stored"),
    v.literal("partly_stored"),
    v.literal("not_composed"),
    v.literal("left_out"),
  ),
  participantId: v.string(),
  participantName: v.string(),
  source: v.union(v.literal("camera"), v.literal("screen")),
  kind: v.union(v.literal("audio"), v.literal("video")),
  trackId: v.optional(v.string()),
  receivedMs: v.number(),
  storedMs: v.number(),
  packets: v.number(),
  lost: v.number(),
  message: v.string(),
});

const track = v.object({
  trackId: v.string(),
  participantId: v.string(),
  participantName: v.string(),
  source: v.union(v.literal("camera"), v.literal("screen")),
  kind: v.union(v.literal("audio"), v.literal("video")),
  codec: v.string(),
  startMs: v.number(),
  endMs: v.number(),
  sizeBytes: v.number(),
});

const probe = v.object({
  durationMs: v.number(),
  expectedDurationMs: v.number(),
  sizeBytes: v.number(),
  container: v.string(),
  video: v.optional(
    v.object({
      codec: v.string(),
      width: v.number(),
      height: v.number(),
      frameRate: v.number(),
      frames: v.number(),
      durationMs: v.number(),
    }),
  ),
  audio: v.optional(
    v.object({
      codec: v.string(),
      sampleRate: v.number(),
      channels: v.number(),
      durationMs: v.number(),
    }),
  ),
  avOffsetMs: v.number(),
  faststart: v.boolean(),
  problems: v.array(v.string()),
  skipped: v.optional(v.array(v.object({ trackId: v.string(), reason: v.string() }))),
});

export const rendition = v.object({
  renditionId: v.string(),
  config,
  state: v.union(
    v.literal("queued"),
    v.literal("composing"),
    v.literal("ready"),
    v.literal("failed"),
  ),
  url: v.string(),
  progress,
  sizeBytes: v.optional(v.number()),
  sha256: v.optional(v.string()),
  durationMs: v.optional(v.number()),
  readyAt: v.optional(v.number()),
  error: v.optional(v.string()),
});

const summaryFields = {
  recordingId: v.string(),
  meetingId: v.id("meetings"),
  state: recordingState,
  config,
  recordingUrl: v.string(),
  startedBy: v.id("users"),
  startedByName: v.optional(v.string()),
  requestedAt: v.number(),
  startedAt: v.optional(v.number()),
  pausedAt: v.optional(v.number()),
  stoppedAt: v.optional(v.number()),
  durationMs: v.optional(v.number()),
};

export const recordingSummary = v.object(summaryFields);

export const recordingDetail = v.object({
  ...summaryFields,
  provider: v.union(v.literal("embedded"), v.literal("getstream")),
  gaps: v.array(gap),
  pauses: v.array(pause),
  tracks: v.array(track),
  problems: v.array(problem),
  progress,
  renditions: v.array(rendition),
  sizeBytes: v.optional(v.number()),
  sha256: v.optional(v.string()),
  probe: v.optional(probe),
  stopReason: v.optional(v.string()),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
});

const clockMapping = v.object({ mediaMs: v.number(), atMs: v.number() });

const interval = v.object({ fromMs: v.number(), toMs: v.number() });

/** What a player needs; see `recordings/actions:getPlayback`. */
export const playback = v.object({
  recordingId: v.string(),
  meetingId: v.id("meetings"),
  state: recordingState,
  startedAt: v.number(),
  durationMs: v.number(),
  sealed: v.boolean(),
  audioOnly: v.boolean(),
  layout,
  participants: v.array(
    v.object({
      id: v.string(),
      userId: v.string(),
      source: v.union(v.literal("camera"), v.literal("screen")),
      name: v.string(),
      presence: v.array(interval),
      off: v.array(interval),
    }),
  ),
  tracks: v.array(
    v.object({
      trackId: v.string(),
      participantId: v.string(),
      kind: v.union(v.literal("audio"), v.literal("video")),
      codec: v.string(),
      mimeType: v.string(),
      url: v.string(),
      sizeBytes: v.number(),
      startMs: v.number(),
      endMs: v.number(),
      clock: v.array(clockMapping),
    }),
  ),
  speakers: v.array(v.object({ atMs: v.number(), participantId: v.string() })),
  gaps: v.array(gap),
  problems: v.array(problem),
  pauses: v.array(
    v.object({
      atMs: v.number(),
      durationMs: v.number(),
      startedAt: v.number(),
      endedAt: v.number(),
    }),
  ),
  captionsUrl: v.optional(v.string()),
  capture: v.optional(
    v.object({
      state: v.union(v.literal("archived"), v.literal("restoring"), v.literal("failed")),
      done: v.number(),
    }),
  ),
  file: v.optional(v.object({ url: v.string(), durationMs: v.number(), sizeBytes: v.number() })),
  progress: v.optional(progress),
  composeError: v.optional(v.string()),
});
