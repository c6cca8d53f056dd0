import type { Readable } from "node:stream";
import type { MediaCodec, MediaSource } from "../../core/media.ts";
import type { RecordingGap, RecordingPause, RecordingProblem } from "../../core/recording.ts";

/** Media time of a track and the recording's time it stands for, both ms. */
export interface ClockMapping {
  mediaMs: number;
  atMs: number;
}

/** A track as a player places it; times are ms from the start of the recording. */
export interface PlayableTrack {
  trackId: string;
  participantId: string;
  kind: "audio" | "video";
  codec: MediaCodec;
  startMs: number;
  endMs: number;
  /** Ascending in both times, at least one; linear between, real-time speed outside. */
  clock: ClockMapping[];
}

/** Someone, or someone's screen, on the timeline. */
export interface PlayableParticipant {
  /** The user's id; of a screen `<userId>/screen`. */
  id: string;
  userId: string;
  source: MediaSource;
  /** The user's name, also of a screen. */
  name: string;
  presence: { fromMs: number; toMs: number }[];
  /** When their picture was off by their own word. */
  off: { fromMs: number; toMs: number }[];
}

/** What a sealed capture holds, as a player needs it; plain data. */
export interface CapturePlayback {
  /** Epoch ms. */
  startedAt: number;
  durationMs: number;
  /** In order of appearance. */
  participants: PlayableParticipant[];
  tracks: PlayableTrack[];
  /** Whose turn begins when; ascending. */
  speakers: { atMs: number; participantId: string }[];
  gaps: RecordingGap[];
  /** What was cut out; not a part of any other time here. */
  pauses: RecordingPause[];
  /** What was received and is not in the tracks. */
  problems: RecordingProblem[];
}

/** A track's file as it is served: seekable, whole to its last frame. */
export interface TrackContent {
  sizeBytes: number;
  /** Changes with the content. */
  digest: string;
  /** Bytes `start..end` inclusive. */
  read(range: { start: number; end: number }): Readable;
}

/** Reads sealed captures, which do not change: what was read once is kept for a while. */
export interface CaptureReader {
  /** What a player needs of a capture. @throws when `dir` holds no sealed one */
  playback(dir: string): Promise<CapturePlayback>;
  /** A track's file; undefined when the capture has no such track or nothing of it can be played. */
  track(dir: string, trackId: string): Promise<TrackContent | undefined>;
}

/** A recording as its provider knows it. */
export interface CaptureRef {
  meetingId: string;
  roomId: string;
  recordingId: string;
  providerRef?: Record<string, string>;
}

/** What was captured for one recording. */
export interface CapturedRecording {
  playback(): Promise<CapturePlayback>;
  /** undefined when there is no such track or nothing of it can be played. */
  track(trackId: string): Promise<TrackContent | undefined>;
}

/** Where a capture can be read from. */
export type CopyState =
  /** On this disk, where nobody removes it for now. */
  | { kind: "here"; isArchived: boolean }
  /** In the store only. */
  | { kind: "archived" }
  /** On its way from the store to this disk; `done` 0..1. */
  | { kind: "restoring"; done: number }
  /** It could not be fetched; asked for again later it is tried again. */
  | { kind: "failed"; reason: string };

/** The captures that a node can read. */
export interface CaptureCopies {
  /** Whether archived captures can be fetched here, wherever they were made. */
  readonly fetches: boolean;
  /**
   * Keeps a capture on this disk while it is read: to be asked before every use. One that is in the store only is fetched in the
   * background if it is to be restored.
   */
  hold(recordingId: string, options: { restore: boolean }): Promise<CopyState>;
  /** What was said to be here is not. */
  lost(recordingId: string): Promise<void>;
}

/** The captures of recordings that are over. */
export interface CapturedMedia {
  /**
   * undefined while the capture is not sealed, and where the provider keeps it.
   * @throws AppError CONFLICT `restoring` (`done`) while it is fetched from the store, which asking begins; `restore_failed`
   */
  of(recording: CaptureRef): Promise<CapturedRecording | undefined>;
}
