import type { TimelineTrack } from "../format/timeline.ts";
import { constants, Frame } from "./nodeAv.ts";
import { sampleRate } from "./sampleRate.ts";
import { TrackDecoder } from "./trackDecoder.ts";

/** Time stamps are whole ms and jitter: sound this close to its place is left alone, samples. */
const tolerance = 0.005 * sampleRate;
/** Further off than this it was a gap or a jump: sound continues at its new place, samples. */
const jump = 0.03 * sampleRate;
/** In between, the place drifts by at most this per frame, which nobody hears. */
const slip = 2;

/** Sound of one track, placed at absolute sample positions of the timeline. Decodes forward only. */
export class AudioTrack {
  #track: TimelineTrack;
  #decoder: TrackDecoder;
  #frame = new Frame();
  #channels: Float32Array[] = [];
  /** Nothing sounds before: it was sent in a pause or before the recording. */
  #begins: number;
  /** Position of the first sample of the decoded frame. */
  #position = 0;
  /** Where the next frame belongs if it continues this one. */
  #continues: number | undefined;
  #length = 0;
  #ended = false;

  /** `continues`: where the file's first frame belongs if it continues what came before. Throws when it cannot be opened. */
  constructor(track: TimelineTrack, continues?: number) {
    this.#track = track;
    this.#continues = continues;
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
      const [l, r = l] = this.#channels;
      if (l && r) this.#add(l, r, { left, right, from });
      if (this.#position + this.#length > to) return;
      this.#decode();
    }
  }

  close(): void {
    this.#frame.free();
    this.#decoder.close();
  }

  #add(
    l: Float32Array,
    r: Float32Array,
    { left, right, from }: { left: Float32Array; right: Float32Array; from: number },
  ): void {
    const first = Math.max(0, Math.max(from, this.#begins) - this.#position);
    const last = Math.min(this.#length, from + left.length - this.#position);
    for (let index = first; index < last; index++) {
      const at = this.#position + index - from;
      left[at] = (left[at] ?? 0) + (l[index] ?? 0);
      right[at] = (right[at] ?? 0) + (r[index] ?? 0);
    }
  }

  #decode(): void {
    do {
      if (!this.#decoder.next(this.#frame)) {
        this.#ended = true;
        return;
      }
    } while (this.#frame.format !== constants.AV_SAMPLE_FMT_FLTP || !this.#frame.data);
    const atMs = this.#track.clock.at(this.#decoder.mediaMs(this.#frame));
    this.#length = this.#frame.nbSamples;
    this.#channels = (this.#frame.data ?? []).map(
      (plane) => new Float32Array(plane.buffer, plane.byteOffset, this.#length),
    );
    this.#position = placeFrame(Math.round((atMs * sampleRate) / 1000), this.#continues);
    this.#continues = this.#position + this.#length;
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
