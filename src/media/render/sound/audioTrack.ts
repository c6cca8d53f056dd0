import { sampleRate } from "../../../core/media.ts";
import type { TimelineTrack } from "../../format/timeline/timeline.ts";
import { Frame } from "../decode/nodeAv.ts";
import { TrackDecoder } from "../decode/trackDecoder.ts";
import { type Sound, soundOf } from "./decodedSound.ts";
import type { GainCurve } from "./gainCurve.ts";

/** Time stamps are whole ms and jitter: sound this close to its place is left alone, samples. */
const tolerance = 0.005 * sampleRate;
/** Further off than this it was a gap or a jump: sound continues at its new place, samples. */
const jump = 0.03 * sampleRate;
/** In between, the place drifts by at most this per frame, which nobody hears. */
const slip = 2;

/** What a track is mixed with beside its media. */
export interface Mixing {
  /** Where the file's first frame belongs if it continues what came before, samples. */
  continues?: number | undefined;
  /** How loud it is made; as it is unless given. */
  gain?: GainCurve | undefined;
}

/** Sound of one track, placed at absolute sample positions of the timeline. Decodes forward only. */
export class AudioTrack {
  #track: TimelineTrack;
  #decoder: TrackDecoder;
  #frame = new Frame();
  #sound: Sound | undefined;
  #gain: GainCurve | undefined;
  /** Gain at the beginning of the decoded frame and at its end. */
  #gains: [number, number] = [1, 1];
  /** Nothing sounds before: it was sent in a pause or before the recording. */
  #begins: number;
  /** Position of the first sample of the decoded frame. */
  #position = 0;
  /** Where the next frame belongs if it continues this one. */
  #continues: number | undefined;
  #length = 0;
  #ended = false;

  /** @throws when the file cannot be opened */
  constructor(track: TimelineTrack, { continues, gain }: Mixing = {}) {
    this.#track = track;
    this.#continues = continues;
    this.#gain = gain;
    this.#begins = Math.round((track.startMs * sampleRate) / 1000);
    this.#decoder = new TrackDecoder(track.path, 1);
    this.#frame.alloc();
    this.#decode();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Adds what belongs to positions `from` up to `from + left.length` to the two channels. */
  mixInto(left: Float32Array, right: Float32Array, from: number): void {
    const to = from + left.length;
    while (!this.#ended && this.#position < to) {
      if (this.#sound) {
        this.#add(left, this.#sound.left, from);
        this.#add(right, this.#sound.right, from);
      }
      if (this.#position + this.#length > to) return;
      this.#decode();
    }
  }

  close(): void {
    this.#frame.free();
    this.#decoder.close();
  }

  #add(mix: Float32Array, channel: Float32Array, from: number): void {
    const first = Math.max(0, Math.max(from, this.#begins) - this.#position);
    const last = Math.min(this.#length, from + mix.length - this.#position);
    const [gain, end] = this.#gains;
    const slope = (end - gain) / this.#length;
    for (let index = first; index < last; index++) {
      const at = this.#position + index - from;
      mix[at] = (mix[at] ?? 0) + (gain + slope * index) * (channel[index] ?? 0);
    }
  }

  #decode(): void {
    do {
      if (!this.#decoder.next(this.#frame)) {
        this.#ended = true;
        return;
      }
      this.#sound = soundOf(this.#frame);
    } while (!this.#sound);
    const mediaMs = this.#decoder.mediaMs(this.#frame);
    this.#length = this.#frame.nbSamples;
    const atMs = this.#track.clock.at(mediaMs);
    this.#position = placeFrame(Math.round((atMs * sampleRate) / 1000), this.#continues);
    this.#continues = this.#position + this.#length;
    if (!this.#gain) return;
    const endMs = mediaMs + (this.#length * 1000) / sampleRate;
    this.#gains = [this.#gain.at(mediaMs), this.#gain.at(endMs)];
  }
}

/** Where a frame goes that should be at `wanted` and continues sound that ends at `continues`, samples. */
export function placeFrame(wanted: number, continues: number | undefined): number {
  if (continues === undefined) return wanted;
  const off = wanted - continues;
  if (Math.abs(off) > jump) return wanted;
  if (Math.abs(off) <= tolerance) return continues;
  return continues + Math.sign(off) * slip;
}

/** Durations of Opus frames by configuration (RFC 6716 §3.1), ms. */
const silkMs = [10, 20, 40, 60];
const celtMs = [2.5, 5, 10, 20];

/** Samples a packet decodes to, from its first bytes. */
export function opusSamples(head: Uint8Array): number {
  const [toc = 0, count = 0] = head;
  const configuration = toc >> 3;
  const hybrid = configuration >= 12 && configuration < 16;
  const durations = configuration < 12 ? silkMs : celtMs;
  const ms = (hybrid ? silkMs[configuration & 1] : durations[configuration & 3]) ?? 0;
  const frames = [1, 2, 2, count & 63][toc & 3] ?? 1;
  return (ms * frames * sampleRate) / 1000;
}
