import type { MediaSource } from "./media.ts";

/** The vocabulary of a recording's configuration, as the published API spells it. */
export const recordingQualities = ["360p", "720p", "1080p"] as const;
export const recordingLayouts = ["grid", "spotlight", "single-participant"] as const;

export type RecordingQuality = (typeof recordingQualities)[number];
export type RecordingLayout = (typeof recordingLayouts)[number];

/** What a rendition looks like. Sound is always recorded. */
export interface RecordingConfig {
  quality: RecordingQuality;
  layout: RecordingLayout;
  audioOnly: boolean;
}

/** A stretch of the timeline without media; offsets from the recording's start, ms. */
export interface RecordingGap {
  startMs: number;
  endMs: number;
  reason: string;
}

/** A stretch of a meeting that is not in the recording because somebody paused it. */
export interface RecordingPause {
  /** Where on the recorded timeline, ms. */
  atMs: number;
  /** Wall time cut out, ms. */
  durationMs: number;
  /** Epoch ms. */
  startedAt: number;
  /** Epoch ms; of a pause that lasts, the last sign of life. */
  endedAt: number;
}

/** Media that was received and is not in the recording, or not all of it. */
export interface RecordingProblem {
  /**
   * `not_stored`: nothing of it; `partly_stored`: less than was received; `not_composed`: stored, but not in the file;
   * `left_out`: beyond a limit of what one person may send, `packets` tells how much.
   */
  code: "not_stored" | "partly_stored" | "not_composed" | "left_out";
  participantId: string;
  participantName: string;
  source: MediaSource;
  kind: "audio" | "video";
  /** Absent where nothing was stored. */
  trackId?: string;
  /** For how long packets came, and how much of that is stored; ms. */
  receivedMs: number;
  storedMs: number;
  /** Packets received, and those that the network lost for good. */
  packets: number;
  lost: number;
  /** What happened, in words. */
  message: string;
}

export interface RecordingTrack {
  trackId: string;
  participantId: string;
  participantName: string;
  /** Absent in recordings made before screens were told apart: a camera. */
  source?: MediaSource;
  kind: "audio" | "video";
  codec: string;
  /**
   * Where its file begins, ms from the start of the recording: before it (negative) where pictures of before are needed to
   * show the first one.
   */
  startMs: number;
  endMs: number;
  sizeBytes: number;
}
