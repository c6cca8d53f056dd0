import type { Understood } from "./port.ts";

interface ToHear {
  /** Names it in messages. */
  recordingId: string;
  /** How far each track has been heard, by its id, ms of media time: it goes on from there. */
  heard: Record<string, number>;
}

/** A capture to listen to, which may be growing. */
export interface CaptureToHear extends ToHear {
  captureDir: string;
}

/** A finished file to listen to, with all voices in one. */
export interface FileToHear extends ToHear {
  /** Its path. */
  file: string;
  /** When it begins, epoch ms. */
  startedAt: number;
}

export type RecordingToHear = CaptureToHear | FileToHear;

/** How the one sound of a file is named where there are tracks otherwise. */
export const mixedTrack = "mixed";

/** Tells the speech process that its parent has an engine. */
export const parentEngineArgument = "parent-engine";

/** What the engine of the parent process says of a stretch. */
export type SpeechAnswer = { type: "answer"; id: number } & (
  | { understood: Understood }
  | { error: string }
);

export type SpeechRequest =
  | ({ type: "listen" } & RecordingToHear)
  | SpeechAnswer
  | { type: "forget"; recordingId: string };

/** What somebody said in one stretch, as it was heard. */
export interface HeardLine extends Understood {
  trackId: string;
  /** Whose track it is; null for the sound of a screen and of a file, where anybody may speak. */
  userId: string | null;
  /** Epoch ms. */
  startMs: number;
  endMs: number;
  /** Media time of its beginning, ms: with its track the same whenever it is heard again. */
  mediaMs: number;
}

/** A stretch in which somebody spoke that could not be understood: another language, or noise. */
export interface NotUnderstood extends Pick<HeardLine, "userId" | "startMs" | "endMs"> {}

/** What was heard of a capture since the last message. */
export interface Heard {
  recordingId: string;
  lines: HeardLine[];
  /** Replaces `CaptureToHear.heard`. */
  heard: Record<string, number>;
  notUnderstood: NotUnderstood[];
}

/** A track that could not be heard to its end, and why. */
export interface UnheardTrack {
  trackId: string;
  reason: string;
}

export type SpeechMessage =
  | ({ type: "heard" } & Heard)
  /** All of a sealed capture was heard that can be. */
  | { type: "finished"; recordingId: string; unheard: UnheardTrack[] }
  /** A stretch for the engine of the parent process: 16-bit mono at 16 kHz, as base64. */
  | { type: "understand"; id: number; sound: string }
  /** Every some seconds, whatever is said. */
  | { type: "alive" }
  | { type: "failed"; recordingId: string; reason: string };
