import { MasterClock } from "./masterClock.ts";
import type { Playback, PlaybackTrack } from "./playback.ts";
import { SoundPatience } from "./soundPatience.ts";
import type { Source } from "./source.ts";
import { type Moment, TrackPlayer } from "./trackPlayer.ts";

export interface TracksSourceDeps {
  /** Monotonic ms. */
  now: () => number;
  /** A new element for a track, placed where it can be seen or heard. */
  place: (track: PlaybackTrack) => HTMLMediaElement;
}

/** A track is loaded that long before it is needed, and kept that long after, ms. */
const aheadMs = 6000;
const behindMs = 2000;
/** One track that does not load, or whose sound stands still, holds up the others for that long, ms; then they go on without it. */
const patienceMs = 8000;

/** Plays the captured tracks of a recording on one clock. Only those near the position are loaded. */
export class TracksSource implements Source {
  readonly #tracks: readonly PlaybackTrack[];
  readonly #durationMs: number;
  readonly #deps: TracksSourceDeps;
  readonly #clock: MasterClock;
  readonly #players = new Map<string, TrackPlayer>();
  /** Tracks the others no longer wait for. */
  readonly #leftBehind = new Set<string>();
  readonly #soundPatience = new SoundPatience(patienceMs);
  #playing = false;
  #held = false;
  #waitingSince: number | undefined;
  #volume = 1;
  #muted = false;

  constructor({ tracks, durationMs }: Playback, deps: TracksSourceDeps) {
    this.#tracks = tracks;
    this.#durationMs = durationMs;
    this.#deps = deps;
    this.#clock = new MasterClock(deps.now);
  }

  get positionMs(): number {
    return Math.min(this.#clock.positionMs, this.#durationMs);
  }

  get ready(): boolean {
    const moment = this.#moment();
    return [...this.#players.values()].every((one) => this.#isReady(one, moment));
  }

  get advancing(): boolean {
    return this.#clock.running;
  }

  get buffered(): readonly (readonly [number, number])[] {
    return this.ready
      ? [[this.positionMs, Math.min(this.positionMs + 1000, this.#durationMs)]]
      : [];
  }

  /** Nothing can be played any more when every track that should be heard or seen has failed. */
  get failure(): string | undefined {
    const on = this.players.filter(({ track }) => track.endMs > this.positionMs);
    const failed = on.filter(({ element }) => element.error !== null);
    if (on.length === 0 || failed.length < on.length) return undefined;
    return failed[0]?.element.error?.message ?? "";
  }

  /** The browser plays sound only after the person has touched the page. */
  get blocked(): boolean {
    return this.players.some((one) => one.blocked);
  }

  /** Those that are loaded. */
  get players(): readonly TrackPlayer[] {
    return [...this.#players.values()];
  }

  seek(ms: number): void {
    this.#clock.running = false;
    this.#clock.positionMs = Math.max(0, Math.min(ms, this.#durationMs));
    this.#leftBehind.clear();
    this.#waitingSince = undefined;
    for (const one of this.players) one.jumped();
    this.tick();
  }

  setPlaying(playing: boolean): void {
    this.#playing = playing;
    this.tick();
  }

  setRate(rate: number): void {
    this.#clock.rate = rate;
  }

  setSound(volume: number, muted: boolean): void {
    this.#volume = volume;
    this.#muted = muted;
    for (const one of this.players) this.#adjustSound(one);
  }

  tick(): void {
    this.#load();
    this.#held = this.#holdForSound();
    const atEnd = this.positionMs >= this.#durationMs;
    if (atEnd) this.#clock.positionMs = this.#durationMs;
    this.#clock.running = this.#playing && !atEnd && this.#mayRun();
    const moment = this.#moment();
    for (const one of this.players) one.follow(moment);
  }

  dispose(): void {
    this.#clock.running = false;
    for (const one of this.players) one.dispose();
    this.#players.clear();
  }

  #moment(): Moment {
    const { positionMs: atMs, rate, running } = this.#clock;
    return { atMs, rate, running, held: this.#held };
  }

  /**
   * The recording goes back to sound that stands still: seeking the sound would skip what nobody has heard.
   * @returns whether everyone has to wait for it
   */
  #holdForSound(): boolean {
    const now = this.#deps.now();
    for (const one of this.players) one.look(now);
    if (!this.#playing) return false;
    const atMs = this.positionMs;
    const standing = this.players.filter(
      (one) => one.stands && one.isOn(atMs) && !this.#leftBehind.has(one.track.trackId),
    );
    const sounds = this.players.some((one) => one.sounds);
    if (!this.#soundPatience.look(now, standing.length > 0, sounds)) {
      for (const { track } of standing) this.#leftBehind.add(track.trackId);
      return false;
    }
    if (standing.length === 0) return false;
    this.#clock.positionMs = Math.min(...standing.map((one) => one.reachedMs(atMs)));
    return true;
  }

  /** Everyone waits for a track that is behind, but not for ever. */
  #mayRun(): boolean {
    const moment = this.#moment();
    for (const one of this.players)
      if (one.isReady(moment) && !one.stood) this.#leftBehind.delete(one.track.trackId);
    const missing = this.players.filter((one) => !this.#isReady(one, moment));
    if (missing.length === 0) {
      this.#waitingSince = undefined;
      return true;
    }
    this.#waitingSince ??= this.#deps.now();
    if (this.#deps.now() - this.#waitingSince < patienceMs) return false;
    for (const { track } of missing) this.#leftBehind.add(track.trackId);
    return true;
  }

  #isReady(one: TrackPlayer, moment: Moment): boolean {
    return this.#leftBehind.has(one.track.trackId) || one.isReady(moment);
  }

  #load(): void {
    const atMs = this.positionMs;
    const near = ({ startMs, endMs }: PlaybackTrack) =>
      atMs >= startMs - aheadMs * this.#clock.rate && atMs <= endMs + behindMs;
    for (const [id, one] of this.#players) {
      if (near(one.track)) continue;
      one.dispose();
      this.#players.delete(id);
    }
    for (const track of this.#tracks) {
      if (!near(track) || this.#players.has(track.trackId)) continue;
      const player = new TrackPlayer(track, this.#deps.place(track));
      this.#players.set(track.trackId, player);
      this.#adjustSound(player);
    }
  }

  /** Pictures have no sound; muted, the browser lets them play whatever the person has touched. */
  #adjustSound({ track, element }: TrackPlayer): void {
    element.muted = track.kind === "video" || this.#muted;
    element.volume = this.#volume;
  }
}
