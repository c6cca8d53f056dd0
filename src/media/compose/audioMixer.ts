import type { Timeline, TimelineTrack } from "../format/timeline.ts";
import { AudioTrack } from "./audioTrack.ts";
import { sampleRate } from "./sampleRate.ts";
import type { SkippedTracks } from "./skippedTracks.ts";

/** Samples per mixed block: one AAC frame. */
export const blockSamples = 1024;
/** Louder than this is bent towards full scale instead of clipped. */
const knee = 0.8;

/** Samples of the timeline to mix, and where the sound of tracks that began before continues, by track. */
export interface SoundPart {
  from: number;
  to: number;
  continues?: ReadonlyMap<string, number>;
}

/** Mixes all sound of a part of a timeline, block after block; where nobody speaks there is silence. */
export class AudioMixer {
  #pending: TimelineTrack[];
  #open: AudioTrack[] = [];
  #skipped: SkippedTracks;
  #part: SoundPart;
  #position: number;

  constructor(timeline: Timeline, skipped: SkippedTracks, part: SoundPart) {
    this.#pending = timeline.participants
      .flatMap(({ tracks }) => tracks)
      .filter(({ kind }) => kind === "audio")
      .sort((a, b) => a.startMs - b.startMs);
    this.#skipped = skipped;
    this.#part = part;
    this.#position = part.from;
  }

  /** Samples mixed so far. */
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
    const length = Math.min(blockSamples, this.#part.to - this.#position);
    const block = new Float32Array(2 * length);
    const left = block.subarray(0, length);
    const right = block.subarray(length);
    this.#openUntil(this.#position + length);
    for (const track of this.#open) track.mixInto(left, right, this.#position);
    this.#closeEnded();
    limit(block);
    this.#position += length;
    return block;
  }

  close(): void {
    for (const track of this.#open) track.close();
    this.#open = [];
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
    return new AudioTrack(track, this.#part.continues?.get(track.id));
  }

  #closeEnded(): void {
    if (!this.#open.some(({ ended }) => ended)) return;
    for (const track of this.#open) if (track.ended) track.close();
    this.#open = this.#open.filter(({ ended }) => !ended);
  }
}

/** Keeps samples within full scale: linear up to the knee, then bent. In place. */
export function limit(samples: Float32Array): void {
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    const over = Math.abs(value) - knee;
    if (over > 0)
      samples[index] = Math.sign(value) * (knee + (1 - knee) * Math.tanh(over / (1 - knee)));
  }
}
