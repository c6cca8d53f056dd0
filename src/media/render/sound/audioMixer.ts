import { sampleRate } from "../../../core/media.ts";
import type { Timeline, TimelineTrack } from "../../format/timeline/timeline.ts";
import type { SkippedTracks } from "../decode/skippedTracks.ts";
import { AudioTrack } from "./audioTrack.ts";
import { Limiter, limiterBehind } from "./limiter.ts";
import type { Gains } from "./loudnessSurvey.ts";

/** Samples per mixed block: one AAC frame. */
export const blockSamples = 1024;

/** Samples of the timeline to mix, and where the sound of tracks that began before continues, by track. */
export interface SoundPart {
  from: number;
  to: number;
  continues?: ReadonlyMap<string, number>;
  /** How loud tracks are made. */
  gains?: Gains;
}

/** Mixes all sound of a part of a timeline, block after block; where nobody speaks there is silence. */
export class AudioMixer {
  #pending: TimelineTrack[];
  #open: AudioTrack[] = [];
  #skipped: SkippedTracks;
  #part: SoundPart;
  #limiter: Limiter;
  /** Samples handed out so far, and mixed so far: the limiter holds what is between. */
  #position: number;
  #mixed: number;

  constructor(timeline: Timeline, skipped: SkippedTracks, part: SoundPart) {
    this.#pending = timeline.participants
      .flatMap(({ tracks }) => tracks)
      .filter(({ kind }) => kind === "audio")
      .sort((a, b) => a.startMs - b.startMs);
    this.#skipped = skipped;
    this.#part = part;
    this.#mixed = Math.max(0, part.from - limiterBehind);
    this.#limiter = new Limiter(this.#mixed, blockSamples);
    this.#position = part.from;
  }

  /** Samples handed out so far. */
  get position(): number {
    return this.#position;
  }

  get ended(): boolean {
    return this.#position >= this.#part.to;
  }

  /** 0..1. */
  get done(): number {
    const { from, to } = this.#part;
    return to === from ? 1 : (this.#position - from) / (to - from);
  }

  /** The next block, left then right, each `blockSamples` long or, at the very end, shorter. New memory each time. */
  next(): Float32Array {
    // Of what comes before only the limiter needs to know.
    while (this.#limiter.position < this.#position)
      this.#take(Math.min(blockSamples, this.#position - this.#limiter.position));
    const block = this.#take(Math.min(blockSamples, this.#part.to - this.#position));
    this.#position = this.#limiter.position;
    return block;
  }

  close(): void {
    for (const track of this.#open) track.close();
    this.#open = [];
  }

  #take(length: number): Float32Array {
    while (this.#limiter.ready < length) this.#mix();
    const block = new Float32Array(2 * length);
    this.#limiter.take(block.subarray(0, length), block.subarray(length));
    return block;
  }

  /** Mixes the next block for the limiter, which looks ahead. */
  #mix(): void {
    const [left, right] = [new Float32Array(blockSamples), new Float32Array(blockSamples)];
    this.#openUntil(this.#mixed + blockSamples);
    for (const track of this.#open) track.mixInto(left, right, this.#mixed);
    this.#closeEnded();
    this.#limiter.add(left, right);
    this.#mixed += blockSamples;
  }

  #openUntil(position: number): void {
    const ms = (position * 1000) / sampleRate;
    while (this.#pending[0] && this.#pending[0].startMs < ms) {
      const track = this.#pending.shift();
      const opened = track && this.#skipped.attempt(track, () => this.#track(track));
      if (opened) this.#open.push(opened);
    }
  }

  #track(track: TimelineTrack): AudioTrack {
    const { continues, gains } = this.#part;
    return new AudioTrack(track, {
      continues: continues?.get(track.id),
      gain: gains?.get(track.id),
    });
  }

  #closeEnded(): void {
    if (!this.#open.some(({ ended }) => ended)) return;
    for (const track of this.#open) if (track.ended) track.close();
    this.#open = this.#open.filter(({ ended }) => !ended);
  }
}
