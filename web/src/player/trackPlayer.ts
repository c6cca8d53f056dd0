import type { PlaybackTrack } from "./playback.ts";
import { haveFutureData, haveMetadata } from "./source.ts";
import { TrackClock } from "./trackClock.ts";

/** Where the recording is, and how it moves. */
export interface Moment {
  atMs: number;
  running: boolean;
  rate: number;
}

/** Further off than this is mended by a seek, s. */
const seekBeyond = 0.35;
/** Nearer than this is left alone, s; people notice from 0.045 on. */
const aligned = 0.012;
/** While nothing moves, a picture may be off by less than a frame, s. */
const alignedStill = 0.02;
/** The most by which a track is sped up or slowed down; the ear does not notice it. */
const mostCorrection = 0.06;

/** One track in a media element, held to the recording's time by small changes of its speed. */
export class TrackPlayer {
  readonly track: PlaybackTrack;
  readonly element: HTMLMediaElement;
  readonly #clock: TrackClock;
  #blocked = false;

  constructor(track: PlaybackTrack, element: HTMLMediaElement) {
    this.track = track;
    this.element = element;
    this.#clock = new TrackClock(track.clock);
    element.preload = "auto";
    element.src = track.url;
  }

  /** Whether it has what it needs to play on from there. A track that is over needs nothing. */
  isReady({ atMs }: Moment): boolean {
    const { element } = this;
    if (element.error !== null || element.ended || !this.isOn(atMs)) return true;
    const placed = Math.abs(this.driftMs(atMs)) <= seekBeyond * 1000;
    return placed && !element.seeking && element.readyState >= haveFutureData;
  }

  /** Whether the recording shows or plays it then. */
  isOn(atMs: number): boolean {
    return atMs >= this.track.startMs && atMs < this.track.endMs;
  }

  /** The browser refused to play sound without having been asked to by the person. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** How far it is ahead of where it should be, ms; 0 while that is not known. */
  driftMs(atMs: number): number {
    if (this.element.readyState < haveMetadata) return 0;
    return (this.element.currentTime - this.#target(atMs)) * 1000;
  }

  /** Brings it to where it should be. */
  follow(moment: Moment): void {
    const { element } = this;
    if (element.readyState < haveMetadata || element.seeking || element.error !== null) return;
    const target = this.#target(moment.atMs);
    const drift = element.currentTime - target;
    const moves = moment.running && this.isOn(moment.atMs);
    if (Math.abs(drift) > (moves ? seekBeyond : alignedStill)) {
      if (moves || !this.#isAtEnd(target)) element.currentTime = target;
    }
    if (moves) this.#run(moment, drift);
    else if (!element.paused) element.pause();
  }

  dispose(): void {
    this.element.pause();
    this.element.removeAttribute("src");
    this.element.load();
    this.element.remove();
  }

  #target(atMs: number): number {
    const { startMs, endMs } = this.track;
    const inside = Math.min(Math.max(atMs, startMs), endMs);
    return Math.max(0, this.#clock.mediaAt(inside) / 1000);
  }

  #isAtEnd(target: number): boolean {
    return this.element.ended && target >= this.element.duration - alignedStill;
  }

  #run({ atMs, rate }: Moment, drift: number): void {
    const correction =
      Math.abs(drift) < aligned ? 0 : Math.max(-mostCorrection, Math.min(mostCorrection, -drift));
    const speed = rate * this.#clock.speedAt(atMs) * (1 + correction);
    // Each change costs the sound a moment; what is too small to matter is left out.
    if (Math.abs(this.element.playbackRate - speed) > 0.002) this.element.playbackRate = speed;
    if (!this.element.paused || this.element.ended) return;
    this.element.play().then(
      () => {
        this.#blocked = false;
      },
      (error: unknown) => {
        this.#blocked = error instanceof DOMException && error.name === "NotAllowedError";
      },
    );
  }
}
