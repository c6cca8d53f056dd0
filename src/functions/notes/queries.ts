import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { notesDocument } from "../../notes/validators.ts";
import { notesDocument as documentOf } from "../../notes/views.ts";
import { query } from "../../runtime/builders.ts";

export const getMeetingNotes = query({
  permission: can.participant("meetingId"),
  tags: ["Notes"],
  summary: "getMeetingNotes",
  description:
    "The notes of a meeting, in any state of it; empty, at version 0, before anybody has written. Whoever edits them follows " +
    "realtime/subscriptions:subscribeMeetingNotes instead, which tells the sequence that operations need. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.union(notesDocument, v.null()),
  handler: ({ tx }, { meetingId }) => documentOf(tx, meetingId),
});
