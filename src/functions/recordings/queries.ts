import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { orThrow } from "../../core/result.ts";
import { pageLength } from "../../core/wholeNumber.ts";
import { recordingView, summaryView } from "../../recordings/playback/view.ts";
import { gone } from "../../recordings/recording.ts";
import { listRecordings as list, requireRecording } from "../../recordings/store.ts";
import { recordingDetail, recordingSummary } from "../../recordings/validators.ts";
import { query } from "../../runtime/builders.ts";

export const getRecording = query({
  permission: can.recordingParticipant("recordingId"),
  summary: "getRecording",
  description:
    "Everything known of a recording: state, what was asked for, times, the tracks that were captured, gaps in them, pauses, " +
    "its renditions with progress, and what a probe of the finished file found. Times are epoch milliseconds, " +
    "offsets milliseconds on the file's timeline, from which pauses are cut out. For everyone in the meeting.",
  tags: ["Meetings"],
  args: { recordingId: v.string() },
  returns: recordingDetail,
  handler: async (ctx, args) => {
    const recording = await requireRecording(ctx.tx, args.recordingId);
    if (recording.deletedAt !== null) throw gone(recording);
    return recordingView(ctx.tx, ctx.services.publicUrl(), recording);
  },
});

export const listRecordings = query({
  permission: can.participant("meetingId"),
  summary: "listRecordings",
  description:
    "The meeting's recordings, newest first, 20 unless `limit` (1 to 100) says otherwise. For everyone in the meeting.",
  tags: ["Meetings"],
  args: { meetingId: v.id("meetings"), limit: v.optional(v.number()) },
  returns: v.array(recordingSummary),
  handler: async (ctx, args) => {
    const limit = orThrow(pageLength(args.limit, 20));
    const recordings = await list(ctx.tx, args.meetingId, limit);
    return recordings.map((recording) => summaryView(ctx.services.publicUrl(), recording));
  },
});
