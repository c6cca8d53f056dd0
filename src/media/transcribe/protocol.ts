/** A capture to listen to; goes on where somebody has listened to before. */
export interface CaptureToHear {
  /** Names it in messages. */
  recordingId: string;
  captureDir: string;
  /** How far each track has been heard, by its id, ms of media time. */
  heard: Record<string, number>;
}

export type SpeechRequest =
  | ({ type: "listen" } & CaptureToHear)
  | { type: "forget"; recordingId: string };

/** What somebody said in one stretch, as it was heard. */
export interface HeardLine {
  trackId: string;
  /** Whose track it is; null for the sound of a screen, where anybody may speak. */
  userId: string | null;
  text: string;
  /** 0..1: how much of it stays when the same sound is listened to a second time. */
  confidence: number;
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
  /** Every some seconds, whatever is said. */
  | { type: "alive" }
  | { type: "failed"; recordingId: string; reason: string };
