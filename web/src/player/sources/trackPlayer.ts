import type { PlaybackTrack } from "./playback.ts";
import { haveFutureData, haveMetadata } from "./source.ts";
import { Stillness } from "./stillness.ts";
import { TrackClock } from "./trackClock.ts";

/** Where the recording is, and how it moves. */
export interface Moment {
  atMs: number;
  running: boolean;
  /** Nothing moves because sound stands still: that sound must go on trying. */
  held: boolean;
  rate: number;
}

/** Further off than this is mended by a seek, s. */
const seekBeyond = 0.35;
/** Nearer than this is left alone, s; people notice from 0.045 on. */
const aligned = 0.012;
/** While nothing moves, a picture may be off by less than a frame, s. */
const alignedStill = 0.02;
/** While other sound stands still, sound that plays is not stopped before it is that far ahead, s: starting anew takes time. */
const mayBeAhead = 0.2;
/** The most by which a track is sped up or slowed down; the ear does not notice it. */
const mostCorrection = 0.06;

/** One track in a media element, held to the recording's time by small changes of its speed. */
export class TrackPlayer {
  readonly track: PlaybackTrack;
  readonly element: HTMLMediaElement;
  readonly #clock: TrackClock;
  readonly #stillness: Stillness;
  #blocked = false;

  constructor(track: PlaybackTrack, element: HTMLMediaElement) {
    this.track = track;
    this.element = element;
    this.#clock = new TrackClock(track.clock);
    this.#stillness = new Stillness(element);
    element.preload = "auto";
    element.src = track.url;
  }

  /** Whether it has what it needs to play on from there. A track that is over needs nothing. */
  isReady({ atMs }: Moment): boolean {
    const { element } = this;
    if (element.error !== null || element.ended || !this.isOn(atMs)) return true;
    const drift = this.driftMs(atMs) / 1000;
    const placed = Math.abs(drift) <= seekBeyond || this.#mayStand(drift);
    return placed && !this.stands && !element.seeking && element.readyState >= haveFutureData;
  }

  /** Whether the recording shows or plays it then. */
  isOn(atMs: number): boolean {
    return atMs >= this.track.startMs && atMs < this.track.endMs;
  }

  /** The browser refused to play sound without having been asked to by the person. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** It should be heard and has all it needs, yet does not move: the sound output stands still. */
  get stands(): boolean {
    return this.#stillness.stands && !this.element.paused;
  }

  /** It stood still when last it should have been heard, and has not moved since. */
  get stood(): boolean {
    return this.#stillness.stands;
  }

  /** It is being heard. */
  get sounds(): boolean {
    return this.#stillness.moves;
  }

  /** Where the recording was when its sound came to stand, ms. */
  reachedMs(atMs: number): number {
    return Math.max(this.track.startMs, Math.min(atMs, atMs + this.driftMs(atMs)));
  }

  /** Sees whether it moves. `now`: monotonic ms. */
  look(now: number): void {
    this.#stillness.look(now);
  }

  /** The recording's time was changed: that it stood still elsewhere means nothing here. */
  jumped(): void {
    this.#stillness.forget();
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
    const moves = this.isOn(moment.atMs) && (moment.running || this.#playsOn(moment, drift));
    // To seek a picture back is slow: those that wait for sound stay where they are.
    const tolerated = moves || moment.held ? seekBeyond : alignedStill;
    if (Math.abs(drift) > tolerated && !this.#mayStand(drift)) {
      if (moves || !this.#isAtEnd(target)) this.#place(target);
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

  #playsOn({ held }: Moment, drift: number): boolean {
    if (!held || !this.#stillness.audible) return false;
    return this.stands || (!this.element.paused && drift < mayBeAhead);
  }

  /** What nobody has heard yet is not skipped before it is known why. */
  #mayStand(drift: number): boolean {
    return drift < 0 && this.#stillness.inDoubt;
  }

  #place(target: number): void {
    this.element.currentTime = target;
    this.#stillness.placed();
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
