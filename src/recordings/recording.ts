import { AppError } from "../core/errors.ts";
import type {
  RecordingConfig,
  RecordingGap,
  RecordingLayout,
  RecordingPause,
  RecordingProblem,
  RecordingQuality,
  RecordingTrack,
} from "../core/recording.ts";
import type { RecordingRef } from "../video/port.ts";
import type { RecordingState } from "./states.ts";

/** A recording as stored. Times are epoch ms; `null` = not (yet) known. */
export interface Recording {
  id: string;
  meetingId: string;
  orgId: string | null;
  roomId: string;
  provider: "embedded" | "getstream";
  providerRef: Record<string, string> | null;
  quality: RecordingQuality;
  layout: RecordingLayout;
  audioOnly: boolean;
  maxDurationMs: number;
  state: RecordingState;
  startedBy: string;
  startedByName: string | null;
  requestedAt: number;
  startedAt: number | null;
  stopRequestedAt: number | null;
  stoppedAt: number | null;
  /** What was asked for last; the provider is brought to it. */
  pauseWanted: boolean;
  /** Since when the provider has it paused. */
  pausedAt: number | null;
  pauses: RecordingPause[];
  stopReason: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  gaps: RecordingGap[];
  tracks: RecordingTrack[];
  problems: RecordingProblem[];
  sizeBytes: number;
  deletedAt: number | null;
}

export function configOf(recording: Recording): RecordingConfig {
  const { quality, layout, audioOnly } = recording;
  return { quality, layout, audioOnly };
}

/** How long the recording is, ms: its pauses are not in it. Null while it runs. */
export function recordedMs({
  startedAt,
  stoppedAt,
  pauses,
}: Pick<Recording, "startedAt" | "stoppedAt" | "pauses">): number | null {
  if (startedAt === null || stoppedAt === null) return null;
  const paused = pauses.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return Math.max(0, stoppedAt - startedAt - paused);
}

/** How the provider is asked about this recording. */
export function refOf(recording: Recording): RecordingRef {
  const { meetingId, roomId, id, providerRef, stopRequestedAt, stoppedAt } = recording;
  return {
    ...{ meetingId, roomId, recordingId: id },
    ...(providerRef ? { providerRef } : {}),
    ...(stopRequestedAt === null ? {} : { stopRequestedAt }),
    ...(stoppedAt === null ? {} : { stoppedAt }),
  };
}

/** The stable address of the requested rendition, known from the start. */
export function recordingUrl(publicUrl: string, recording: { id: string; audioOnly: boolean }) {
  return `${publicUrl}/recordings/${recording.id}.${recording.audioOnly ? "m4a" : "mp4"}`;
}

/** A deleted recording, for whoever asks for it later. */
export function gone(recording: Recording): AppError {
  return new AppError("NOT_FOUND", "The recording has been deleted", {
    id: recording.id,
    reason: "deleted",
  });
}
