import { trackFrames } from "../format/track/trackExcerpt.ts";
import { PacketDecoder } from "../render/sound/packetDecoder.ts";
import { Decimator } from "./decimate.ts";
import { type Recognition, speechRate } from "./recognition.ts";
import { type Speech, SpeechFinder } from "./speechFinder.ts";

/** Sound is taken in pieces of that length, so that all tracks have their turn, ms of media. */
const pieceMs = 30_000;
/** A shorter gap is silence between words, a longer one the end of what was said, ms. */
const longestGapMs = 1_000;
/** Times of frames are whole ms and jitter, ms. */
const toleranceMs = 30;
const perMs = speechRate / 1_000;

/** Speech on a track. */
export interface TrackSpeech {
  /** Media time, ms. */
  fromMs: number;
  toMs: number;
  samples: Float32Array;
}

/** Listens to the sound of one track file, which may be growing. */
export class TrackListener {
  readonly #path: string;
  readonly #finder: SpeechFinder;
  #decoder: PacketDecoder | undefined;
  #decimator = new Decimator();
  /** Media time of the last frame that was decoded, ms. */
  #lastMs: number;
  /** Media time at which the finder began to count; undefined between two stretches of sound. */
  #base: number | undefined;
  /** Samples the finder was given since. */
  #given = 0;
  /** All before is known, ms of media time: nothing that was said there is still to be told. */
  #heardMs: number;

  /** `heardMs`: how far it was listened to before. */
  constructor(path: string, heardMs: number, recognition: Recognition) {
    this.#path = path;
    this.#heardMs = heardMs;
    this.#lastMs = heardMs - 1;
    this.#finder = new SpeechFinder(recognition.voiceActivity());
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  /**
   * Listens on for a while. @returns what was said to the end since, and whether there was anything to hear
   * @throws when the file cannot be read
   */
  listen(): { speech: TrackSpeech[]; heardMore: boolean } {
    const fromMs = this.#lastMs + 1;
    const speech: TrackSpeech[] = [];
    let heardMore = false;
    for (const { ms, data } of trackFrames(this.#path, {
      fromMs,
      toMs: Number.POSITIVE_INFINITY,
    })) {
      if (ms < fromMs) continue;
      speech.push(...this.#hear(ms, data));
      heardMore = true;
      if (ms - fromMs > pieceMs) break;
    }
    if (heardMore && !this.#finder.isOpen) this.#noteHeard();
    return { speech, heardMore };
  }

  /** Nothing more comes for now: what was being said has ended. */
  finish(): TrackSpeech[] {
    if (this.#base === undefined) return [];
    const speech = this.#placed(this.#finder.finish());
    this.#base = undefined;
    this.#heardMs = this.#lastMs + 1;
    return speech;
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }

  #hear(ms: number, data: Buffer): TrackSpeech[] {
    const speech: TrackSpeech[] = [];
    const gapMs = this.#base === undefined ? 0 : ms - this.#base - this.#given / perMs;
    if (this.#base !== undefined && (gapMs > longestGapMs || gapMs < -longestGapMs))
      speech.push(...this.finish());
    if (this.#base === undefined) this.#begin(ms);
    else if (gapMs > toleranceMs)
      speech.push(...this.#give(new Float32Array(Math.round(gapMs * perMs))));
    this.#lastMs = ms;
    const sound = this.#decoder?.decode(data);
    if (sound) speech.push(...this.#give(this.#decimator.push(sound.left, sound.right)));
    return speech;
  }

  #begin(ms: number): void {
    this.#decoder ??= new PacketDecoder(this.#path);
    this.#decoder.restart();
    this.#decimator = new Decimator();
    this.#base = ms;
    this.#given = 0;
  }

  #give(samples: Float32Array): TrackSpeech[] {
    this.#given += samples.length;
    return this.#placed(this.#finder.push(samples));
  }

  #placed(found: Speech[]): TrackSpeech[] {
    const base = this.#base ?? 0;
    return found.map(({ start, samples }) => {
      const fromMs = Math.round(base + start / perMs);
      const toMs = Math.round(base + (start + samples.length) / perMs);
      this.#heardMs = Math.max(this.#heardMs, toMs);
      return { fromMs, toMs, samples };
    });
  }

  /** The finder has heard a second before it says that somebody speaks. */
  #noteHeard(): void {
    this.#heardMs = Math.max(this.#heardMs, this.#lastMs - longestGapMs);
  }
}
