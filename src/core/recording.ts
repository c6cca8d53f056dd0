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

export interface RecordingTrack {
  trackId: string;
  participantId: string;
  participantName: string;
  kind: "audio" | "video";
  codec: string;
  /** Offset from the start of the recording, ms. */
  startMs: number;
  endMs: number;
  sizeBytes: number;
}
