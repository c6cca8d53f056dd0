import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import {
  pauseRecording as pause,
  resumeRecording as resume,
} from "../../recordings/lifecycle/pause.ts";
import { createDownloadLink as createLink } from "../../recordings/playback/downloadLink.ts";
import { getPlayback as playbackOf } from "../../recordings/playback/getPlayback.ts";
import { viewOfRendition } from "../../recordings/playback/view.ts";
import { composeRecording as compose } from "../../recordings/renditions/composeRecording.ts";
import { layout, playback, quality, rendition } from "../../recordings/validators.ts";
import { action } from "../../runtime/builders.ts";

export const composeRecording = action({
  permission: can.recordingHost("recordingId"),
  summary: "composeRecording",
  description:
    "Composes another rendition of a stopped recording from what was captured, without the meeting: another layout, " +
    "quality, or sound only. Asking for the same rendition again answers with the one there is. For the host.",
  tags: ["Meetings"],
  args: {
    recordingId: v.string(),
    layout: v.optional(layout),
    quality: v.optional(quality),
    audioOnly: v.optional(v.boolean()),
  },
  returns: rendition,
  handler: async (ctx, args) => {
    const { recordingId, layout = "grid", quality = "720p", audioOnly = false } = args;
    const look = { layout, quality, audioOnly };
    const made = await compose(ctx.services, ctx.grant.user.id, recordingId, look);
    return viewOfRendition(ctx.services.publicUrl(), made);
  },
});

const pauseAnswer = v.object({
  success: v.boolean(),
  paused: v.boolean(),
  pausedAt: v.optional(v.number()),
});

export const pauseRecording = action({
  permission: can.recordingHost("recordingId"),
  summary: "pauseRecording",
  description:
    "Pauses a running recording: what happens until `resumeRecording` is not stored and not in the file, whose times " +
    "go on where they stopped. The answer comes when the video provider has confirmed it; a pause that could not be " +
    "confirmed fails and is still carried out as soon as possible. A paused recording can be stopped, and ends like " +
    "a running one when its meeting does, when everybody has left, and at its maximum duration, in which pauses " +
    "count. Pausing again changes nothing. CONFLICT unless the recording is running, and after 200 pauses. For the host.",
  tags: ["Meetings"],
  args: { recordingId: v.string() },
  returns: pauseAnswer,
  handler: (ctx, args) => pause(ctx.services, ctx.grant.user.id, args.recordingId),
});

export const resumeRecording = action({
  permission: can.recordingHost("recordingId"),
  summary: "resumeRecording",
  description:
    "Goes on with a paused recording, in the same file: `getRecording` lists the pause with its place in it. The answer " +
    "comes when media is captured again. Resuming what is not paused changes nothing. For the host.",
  tags: ["Meetings"],
  args: { recordingId: v.string() },
  returns: pauseAnswer,
  handler: (ctx, args) => resume(ctx.services, ctx.grant.user.id, args.recordingId),
});

export const createDownloadLink = action({
  permission: can.recordingParticipant("recordingId"),
  summary: "createDownloadLink",
  description:
    "A link to the recording's file that works without a token, for players and downloads: for the caller only while " +
    "in the meeting, for at most 10 minutes. For everyone in the meeting.",
  tags: ["Meetings"],
  args: {
    recordingId: v.string(),
    renditionId: v.optional(v.string()),
    expiresInMs: v.optional(v.number()),
  },
  returns: v.object({ url: v.string(), expiresAt: v.number() }),
  handler: (ctx, args) => createLink(ctx.services, ctx.grant.user.id, args),
});

export const getPlayback = action({
  permission: can.recordingParticipant("recordingId"),
  summary: "getPlayback",
  description:
    "All that is needed to play a recording from the moment it was stopped: every captured track with a link that " +
    "works without a token and its place in time (`clock` maps its own time to the recording's), who was there and " +
    "who spoke when, the finished file once it is composed, and until then how far that is. CONFLICT with `not_sealed` " +
    "right after a stop is worth asking again. Tracks that were moved to the store are left out while there is a file, and " +
    "`capture` says so; `restore: true` has them fetched, and without a file that is done at once, with CONFLICT `restoring` " +
    "until they are here. For everyone in the meeting.",
  tags: ["Meetings"],
  examples: {
    args: { recordingId: "recording_1example" },
    value: {
      recordingId: "recording_1example",
      meetingId: "meeting_1example",
      state: "processing",
      startedAt: 1768467600000,
      durationMs: 90_000,
      sealed: true,
      audioOnly: false,
      layout: "grid",
      participants: [
        {
          id: "p1",
          userId: "user_1example",
          source: "camera",
          name: "Alice",
          presence: [{ fromMs: 0, toMs: 90_000 }],
          off: [],
        },
      ],
      tracks: [
        {
          trackId: "p1-audio",
          participantId: "p1",
          kind: "audio",
          codec: "opus",
          mimeType: 'audio/webm; codecs="opus"',
          url: "https://connvo.example/recordings/recording_1example/tracks/p1-audio.mka?signature=…",
          sizeBytes: 540_000,
          startMs: 0,
          endMs: 90_000,
          clock: [{ mediaMs: 0, atMs: 0 }],
        },
      ],
      speakers: [{ atMs: 1_200, participantId: "p1" }],
      gaps: [],
      problems: [],
      pauses: [],
    },
  },
  args: { recordingId: v.string(), restore: v.optional(v.boolean()) },
  returns: playback,
  handler: (ctx, args) =>
    playbackOf(ctx.services, ctx.grant.user.id, args.recordingId, { restore: args.restore }),
});
