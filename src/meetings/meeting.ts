import type { ParticipantRole, Plan } from "../auth/identity.ts";

export type MeetingState = "scheduled" | "active" | "concluded" | "cancelled";

export type MeetingType = "one-on-one" | "small-group" | "large-meeting" | "webinar";

/** A meeting as stored. Times are epoch ms, durations ms; `null` = not (yet) known. */
export interface Meeting {
  id: string;
  organizerId: string;
  title: string;
  state: MeetingState;
  /** The organiser's plan when the meeting was created. */
  tier: Plan;
  recordingPermitted: boolean;
  transcriptionEnabled: boolean;
  maxParticipants: number;
  /** The room at the video provider; null until the provider has confirmed it, and for the free tier. */
  roomId: string | null;
  startedAt: number | null;
  endedAt: number | null;
}

/** How many people a meeting has, whatever their role. */
export interface Headcount {
  total: number;
  joined: number;
}

/** A person in a meeting, as decisions need it. */
export interface Member {
  id: string;
  role: ParticipantRole;
  presence: "invited" | "joined" | "left";
}

/** What the published API calls the tiers: paid meetings have a room on a server, whichever provider serves it. */
export function videoProviderOf(tier: Plan): "getstream" | "webrtc" {
  return tier === "paid" ? "getstream" : "webrtc";
}

/** What a meeting offers. `recording` means permitted, never running. */
export function featuresOf(meeting: {
  recordingPermitted: boolean;
  transcriptionEnabled: boolean;
  maxParticipants: number;
}) {
  return {
    recording: meeting.recordingPermitted,
    transcription: meeting.transcriptionEnabled,
    maxParticipants: meeting.maxParticipants,
  };
}
