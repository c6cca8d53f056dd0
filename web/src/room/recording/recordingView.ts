import type { RoomState } from "../media/roomMessage.ts";
import { type Attendee, type MeetingView, nameOf } from "../parts/meetingTypes.ts";

/** The meeting's recording that is going on. */
export interface RecordingView {
  recordingId: string;
  state: "starting" | "recording" | "paused" | "stopping";
  /** Epoch ms; undefined until it runs. */
  startedAt: number | undefined;
  /** Since when it is paused, epoch ms. */
  pausedAt: number | undefined;
  /** Of the pauses that are over, ms. */
  pausedMs: number;
  /** Name of who started it. */
  by: string | undefined;
  /** What is said is written down. */
  transcribed: boolean;
}

/**
 * What the function API says of the recording (who started it, and that it stops) with what the room says, which knows
 * of a pause or an end at once.
 */
export function recordingView(
  { recording, transcription }: Pick<MeetingView, "recording" | "transcription">,
  attendees: readonly Attendee[],
  room: RoomState["recording"],
): RecordingView | undefined {
  const recordingId = room?.recordingId ?? recording?.recordingId;
  if (recordingId === undefined) return undefined;
  const told = recording?.recordingId === recordingId ? recording : undefined;
  return {
    recordingId,
    state: stateOf(told, room),
    startedAt: room?.startedAt ?? (told?.state === "starting" ? undefined : told?.startedAt),
    pausedAt: room === undefined ? told?.pausedAt : room.pausedAt,
    pausedMs: room?.pausedMs ?? 0,
    by: told?.startedByName ?? (told && nameOf(attendees, told.startedBy)),
    transcribed: transcription === true,
  };
}

function stateOf(
  told: MeetingView["recording"],
  room: RoomState["recording"],
): RecordingView["state"] {
  if (told?.state === "stopping") return "stopping";
  if (room !== undefined) return room.paused ? "paused" : "recording";
  if (told?.pausedAt !== undefined) return "paused";
  return told?.state ?? "recording";
}

/** How much has been recorded, ms: pauses are not in it. */
export function recordedMs(recording: RecordingView, now: number): number {
  const { startedAt = now, pausedAt = now, pausedMs } = recording;
  return Math.max(0, pausedAt - startedAt - pausedMs);
}

/** "13 minutes ago"; never in the future, whatever the clocks say. */
export function agoWords(startedAt: number, now: number): string {
  const minutes = Math.floor(Math.max(0, now - startedAt) / 60_000);
  if (minutes < 1) return "less than a minute ago";
  if (minutes < 60) return `${minutes} ${minutes === 1 ? "minute" : "minutes"} ago`;
  const hours = Math.floor(minutes / 60);
  return `${hours} ${hours === 1 ? "hour" : "hours"} ago`;
}

export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}
