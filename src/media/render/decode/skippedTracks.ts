import type { SkippedTrack } from "../../compose/protocol.ts";

/** Tracks that could not be used, each with why: the rest is composed all the same. */
export class SkippedTracks {
  readonly tracks: SkippedTrack[] = [];

  /** What `open` makes, or undefined when it throws. */
  attempt<T>(track: { id: string }, open: () => T): T | undefined {
    try {
      return open();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.tracks.push({ trackId: track.id, reason });
      return undefined;
    }
  }
}
