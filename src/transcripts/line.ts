/** What somebody said, in one stretch. */
export interface Line {
  id: string;
  /** Its number in the meeting: readers go on from it. Not the order of speech, which is by `startMs`. */
  sequence: number;
  /** Absent where nobody knows who spoke. */
  speakerId: string | null;
  text: string;
  /** 0..1 */
  confidence: number;
  /** Epoch ms. */
  startMs: number;
  endMs: number;
  language: string;
  wordCount: number;
  /** A guess at words that are still being said. */
  isInterim: boolean;
  createdAt: number;
  /** When its text was last corrected. */
  correctedAt: number | null;
}

/** A line that is to be written. */
export interface NewLine
  extends Pick<
    Line,
    "speakerId" | "text" | "confidence" | "startMs" | "endMs" | "language" | "isInterim"
  > {
  /** Who sent it; null for our own recognition. */
  authorId: string | null;
  /** The same however often it is sent. */
  sourceKey: string;
  /** What it was heard in, and goes with. */
  recordingId?: string;
}

/** Five minutes, ms: lines can be asked for by the five minutes they begin in. */
export const bucketLengthMs = 300_000;

/** The beginning of the five minutes a time is in, epoch ms. */
export function bucketOf(startMs: number): number {
  return Math.floor(startMs / bucketLengthMs) * bucketLengthMs;
}
