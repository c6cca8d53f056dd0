import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import {
  listedMeeting,
  listedParticipant,
  meeting,
  meetingState,
} from "../../meetings/validators.ts";
import { meetingView, meetingViews, participantViews } from "../../meetings/views.ts";
import { query } from "../../runtime/builders.ts";
import { listens } from "../../transcripts/listens.ts";

export const getMeeting = query({
  permission: can.participant("meetingId"),
  summary: "getMeeting",
  description:
    "The meeting and the caller's place in it. `duration` is the planned length, or how long it ran once it has " +
    "ended, in milliseconds; `activeWebRTCSessions` is how many people's media is in the room, or how many sessions " +
    "of a free meeting are neither closed nor failed. Extension: " +
    "`recording`, while one is open; `transcriptionEnabled`: the host wants written down what is said; and `transcription`, true " +
    "where what is said in recordings is written down. Fails with NOT_FOUND for strangers. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.union(meeting, v.null()),
  handler: ({ tx, grant, services }, { meetingId }) =>
    meetingView(tx, grant.user.id, { meetingId, listens: listens(services) }),
});

export const listUserMeetings = query({
  permission: can.user,
  summary: "listUserMeetings",
  description:
    "The caller's meetings, newest first, optionally of one state; 50 unless `limit` (1 to 100) says otherwise. " +
    "Extension: `recording`, while one is open.",
  args: { limit: v.optional(v.number()), state: v.optional(meetingState) },
  returns: v.array(listedMeeting),
  handler: ({ tx, grant }, args) => meetingViews(tx, grant.user.id, args),
});

export const listMeetingParticipants = query({
  permission: can.participant("meetingId"),
  summary: "listMeetingParticipants",
  description:
    "The people of the meeting in the order they were added, without their addresses. `webrtcConnected` = their " +
    "media is in the room, or a session of theirs is connected; `webrtcSessionCount` counts both. For everyone in the meeting.",
  args: { meetingId: v.id("meetings") },
  returns: v.array(listedParticipant),
  handler: ({ tx }, { meetingId }) => participantViews(tx, meetingId),
});
