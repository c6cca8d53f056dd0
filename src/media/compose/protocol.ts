import type { RecordingLayout, RecordingQuality } from "../../core/recording.ts";

/** One composition job: everything the child process needs, as its first IPC message. */
export interface ComposeJob {
  captureDir: string;
  /** Written beside as `<output>.part`, fsynced and renamed. Ends in .mp4, or .m4a when audio only. */
  output: string;
  layout: RecordingLayout;
  quality: RecordingQuality;
  audioOnly: boolean;
  composer: "node-av" | "ffmpeg";
  /** The program for `composer: "ffmpeg"`; found on the PATH unless given. */
  ffmpegPath?: string;
  /** Encoder threads; 0 = the encoder decides. */
  threads: number;
  /** Where slices of this look are kept; without it, it is composed in one pass. */
  sliceFolder?: string;
}

/** One slice of a rendition: pictures `fromFrame` up to `toFrame`, also of a capture that is still being written. */
export interface SliceJob extends Omit<ComposeJob, "composer" | "ffmpegPath"> {
  task: "slice";
  fromFrame: number;
  toFrame: number;
  /** The end of the rendition, of a sealed capture. */
  last: boolean;
}

/** Joins slices into `output`, which is probed like every rendition. */
export interface JoinJob extends Pick<ComposeJob, "output" | "quality" | "audioOnly"> {
  task: "join";
  /** Files in order, from the first picture to the last. */
  slices: string[];
  /** What the timeline says the file should last, ms. */
  durationMs: number;
}

/** Makes `output` of a file that somebody else made; M4A when `audioOnly`, else MP4. */
export interface AdoptJob extends Pick<ComposeJob, "output" | "audioOnly"> {
  task: "adopt";
  input: string;
}

export type ComposeTask = ComposeJob | SliceJob | JoinJob | AdoptJob;

/** A track that could not be used, and why. */
export interface SkippedTrack {
  trackId: string;
  reason: string;
}

export interface ProbeFinding {
  /** Duration of the container, ms. */
  durationMs: number;
  /** What the timeline says it should be, ms. */
  expectedDurationMs: number;
  sizeBytes: number;
  container: string;
  video?: {
    codec: string;
    width: number;
    height: number;
    frameRate: number;
    frames: number;
    durationMs: number;
  };
  audio?: { codec: string; sampleRate: number; channels: number; durationMs: number };
  /** Start of video minus start of audio, ms. */
  avOffsetMs: number;
  faststart: boolean;
  /** Why the file must not be given out; empty when it is good. */
  problems: string[];
  /** Tracks that are not in it although they were captured; left out for none. */
  skipped?: SkippedTrack[];
}

/** A running capture, and where slices of one look of it are kept. */
export interface SliceSource extends Pick<ComposeJob, "layout" | "quality" | "audioOnly"> {
  captureDir: string;
  folder: string;
}

/** Composes slices of running captures. */
export interface RunningSlices {
  /** How to compose the next slice; undefined when none is settled or all workers are busy. */
  next(source: SliceSource): Promise<((signal: AbortSignal) => Promise<void>) | undefined>;
}

export type ComposeMessage =
  /** `done` 0..1; `etaMs` is estimated from the speed so far. */
  | { type: "progress"; done: number; etaMs: number }
  /** `skipped`: tracks that could not be used, each with why. */
  | { type: "finished"; probe: ProbeFinding; skipped: SkippedTrack[] }
  | { type: "sliced"; skipped: SkippedTrack[] }
  | { type: "failed"; reason: string; retryable: boolean };
