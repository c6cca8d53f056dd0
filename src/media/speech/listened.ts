import type { Understood } from "../transcribe/port.ts";
import type { HeardLine, NotUnderstood, UnheardTrack } from "../transcribe/protocol.ts";

/** What the model reads differently a second time was not understood. */
const leastConfidence = 0.5;

/** What came of listening for a while. */
export interface Listened {
  lines: HeardLine[];
  notUnderstood: NotUnderstood[];
  /** There was something to hear; there may be more. */
  heardMore: boolean;
  /** There is nothing to come, and all of it was heard. */
  isOver: boolean;
}

/** Listens to one recording, a piece at a time. */
export interface Listener {
  /** How far each track has been heard, by its id, ms of media time. */
  readonly heard: Record<string, number>;
  /** Tracks that could not be heard to their end, each with why. */
  readonly unheard: UnheardTrack[];
  /** @throws when the recording cannot be read */
  listen(): Promise<Listened>;
  close(): void;
}

/** Where and by whom something was said. */
export type Placed = Omit<HeardLine, keyof Understood>;

/** Sorts what was said into what was understood and what was not. */
export class Said {
  readonly lines: HeardLine[] = [];
  readonly notUnderstood: NotUnderstood[] = [];

  add(placed: Placed, understood: Understood): void {
    const { userId, startMs, endMs } = placed;
    if (understood.confidence >= leastConfidence) this.lines.push({ ...placed, ...understood });
    else this.notUnderstood.push({ userId, startMs, endMs });
  }
}
