/** What plays behind the player's controls: the captured tracks, or the finished file. Times are ms of the recording. */
export interface Source {
  readonly positionMs: number;
  /** The picture and sound at the position are there, and a little of what follows. */
  readonly ready: boolean;
  /** Time passes. */
  readonly advancing: boolean;
  /** What is loaded around the position, ascending. */
  readonly buffered: readonly (readonly [fromMs: number, toMs: number])[];
  /** Why it cannot go on; undefined while it can. */
  readonly failure: string | undefined;
  seek(ms: number): void;
  /** Whether it should play; it stalls by itself while something is missing. */
  setPlaying(playing: boolean): void;
  setRate(rate: number): void;
  setSound(volume: number, muted: boolean): void;
  /** To be called often: brings everything to where it should be. */
  tick(): void;
  dispose(): void;
}

/** Of a media element. */
export const haveMetadata = 1;
export const haveFutureData = 3;
