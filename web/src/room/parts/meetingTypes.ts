import type { FunctionReturnType } from "convex/server";
import type { ApiClient } from "../../api/client.ts";
import type { functions } from "../../api/functions.ts";

export type MeetingView = NonNullable<
  FunctionReturnType<typeof functions.meetings.queries.getMeeting>
>;
export type Attendee = FunctionReturnType<
  typeof functions.meetings.queries.listMeetingParticipants
>[number];

/** What the parts of a meeting work with. */
export interface MeetingContext {
  api: ApiClient;
  /** Where the server is. */
  baseUrl: string;
  meetingId: string;
  self: { userId: string; name: string };
  /** Address of a recording's page. */
  watchUrl: (recordingId: string) => string;
  /** Takes the person away from the meeting; undefined where there is nowhere to go. */
  onExit?: (() => void) | undefined;
  onEvent?: ((event: MeetingEvent) => void) | undefined;
  /** Where single-key shortcuts count: in the whole page, or in the meeting's own element only. */
  shortcuts: "page" | "element";
}

/** What happens, for whoever embeds the meeting. */
export type MeetingEvent =
  | { type: "joined" }
  | { type: "left" }
  | { type: "recordingstarted"; recordingId: string; startedAt: number | undefined }
  | { type: "recordingstopped"; recordingId: string }
  | { type: "error"; code: string; message: string };

/** A meeting and who is part of it. */
export interface MeetingFacts {
  meeting: MeetingView;
  attendees: readonly Attendee[];
}

export function nameOf(attendees: readonly Attendee[], userId: string): string | undefined {
  return attendees.find((attendee) => attendee.userId === userId)?.user.displayName;
}
