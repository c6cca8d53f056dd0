/** Tracks that could not be used, each with why: the rest is composed all the same. */
export class SkippedTracks {
  readonly reasons: string[] = [];

  /** What `open` makes, or undefined when it throws. */
  attempt<T>(track: { id: string }, open: () => T): T | undefined {
    try {
      return open();
    } catch (error) {
      this.reasons.push(`${track.id}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}
