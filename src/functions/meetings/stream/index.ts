import { v } from "convex/values";
import { can } from "../../../auth/can.ts";
import { roomToken } from "../../../meetings/room/roomToken.ts";
import { startRecording as start } from "../../../recordings/lifecycle/start.ts";
import { stopRecording as stop } from "../../../recordings/lifecycle/stop.ts";
import { action } from "../../../runtime/builders.ts";

export const generateParticipantTokenPublic = action({
  permission: can.participant("meetingId"),
  summary: "generateParticipantTokenPublic",
  description:
    "A token for the caller's place in the meeting's video room, valid for one hour and renewable at any time. " +
    "The role in it is the caller's role in the meeting; the argument is accepted for compatibility and ignored. " +
    "Fails with MEETING_NOT_ACTIVE before the meeting has started and after it has ended.",
  args: { meetingId: v.id("meetings"), role: v.optional(v.string()) },
  returns: v.object({
    expiresAt: v.number(),
    success: v.boolean(),
    token: v.string(),
    user: v.object({ id: v.string(), image: v.optional(v.string()), name: v.string() }),
    userId: v.string(),
  }),
  handler: (ctx, args) => roomToken(ctx.services, ctx.grant, args.meetingId),
});

export const startRecording = action({
  permission: can.host("meetingId"),
  summary: "startRecording",
  description:
    "Starts recording a meeting with the given quality, layout and audio settings; 720p, grid and with video unless " +
    "said otherwise. Only for meetings of the paid tier, and only for their host. A host may start 3 recordings in " +
    "any 60 seconds; a repeat of a start that is running answers with the same recording and is not counted. The " +
    "answer comes when the video provider has confirmed: retries and a circuit breaker stand between, and after " +
    "10 seconds the call fails with EXTERNAL_SERVICE_TIMEOUT and the id of a recording that is settled by itself. " +
    "The meeting shows the recording from then on, and `recordingUrl` is the file's address, known from the start.",
  examples: {
    args: {
      meetingId: "meeting_123example",
      recordingConfig: { mode: "available", audioOnly: false, quality: "720p", layout: "grid" },
    },
    value: {
      recordingId: "recording_1704067200000",
      recordingUrl: "https://stream-recordings.example.com/recording_1704067200000.mp4",
      success: true,
    },
  },
  args: {
    meetingId: v.id("meetings"),
    recordingConfig: v.optional(
      v.object({
        audioOnly: v.optional(v.boolean()),
        layout: v.optional(
          v.union(v.literal("grid"), v.literal("spotlight"), v.literal("single-participant")),
        ),
        mode: v.optional(v.union(v.literal("available"), v.literal("disabled"))),
        quality: v.optional(v.union(v.literal("360p"), v.literal("720p"), v.literal("1080p"))),
      }),
    ),
  },
  returns: v.object({
    recordingId: v.string(),
    recordingUrl: v.optional(v.string()),
    success: v.boolean(),
  }),
  handler: (ctx, args) => start(ctx.services, ctx.grant.user.id, args),
});

export const stopRecording = action({
  permission: can.host("meetingId"),
  summary: "stopRecording",
  description:
    "Stops the meeting's recording. The wish is durable before the video provider is asked, so a stop of a running " +
    "recording always succeeds and is carried out also when the provider cannot be reached. `duration` is the " +
    "length in milliseconds, present once the provider has closed the recording. Stopping what has ended already " +
    "answers with that recording; more than 5 such calls in any 60 seconds are refused.",
  args: { meetingId: v.id("meetings"), recordingId: v.optional(v.string()) },
  returns: v.object({
    duration: v.optional(v.number()),
    recordingId: v.optional(v.string()),
    recordingUrl: v.optional(v.string()),
    success: v.boolean(),
  }),
  handler: (ctx, args) => stop(ctx.services, ctx.grant.user.id, args),
});
