import { speechRate } from "../transcribe/port.ts";
import type { SpeechRecognition } from "./recognition.ts";
import { type Speech, SpeechFinder } from "./speechFinder.ts";

/** The finder has heard a second before it says that somebody speaks, ms. */
const noticedAfterMs = 1_000;
const perMs = speechRate / 1_000;

/** Speech on a track or in a file. */
export interface TrackSpeech {
  /** Media time, ms. */
  fromMs: number;
  toMs: number;
  samples: Float32Array;
}

/** Finds speech in sound that comes piece by piece, and its place in the media. */
export class SpeechPlacer {
  readonly #finder: SpeechFinder;
  /** Media time at which the finder began to count; undefined between two stretches of sound. */
  #base: number | undefined;
  /** Samples the finder was given since. */
  #given = 0;
  #heardMs: number;

  /** `heardMs`: how far it was listened to before. */
  constructor(recognition: SpeechRecognition, heardMs: number) {
    this.#finder = new SpeechFinder(recognition.voiceActivity());
    this.#heardMs = heardMs;
  }

  /** All before is known, ms of media time: nothing that was said there is still to be told. */
  get heardMs(): number {
    return this.#heardMs;
  }

  get isBegun(): boolean {
    return this.#base !== undefined;
  }

  /** How much is missing between what was given and a media time, ms; negative where they overlap. */
  gapMs(ms: number): number {
    return this.#base === undefined ? 0 : ms - this.#base - this.#given / perMs;
  }

  /** Sound begins at that media time. */
  begin(ms: number): void {
    this.#base = ms;
    this.#given = 0;
  }

  /** Silence where nothing was sent. @returns speech that has ended with it */
  giveSilence(ms: number): TrackSpeech[] {
    return this.give(new Float32Array(Math.round(ms * perMs)));
  }

  /** The samples that follow. @returns speech that has ended with them */
  give(samples: Float32Array): TrackSpeech[] {
    this.#given += samples.length;
    return this.#placed(this.#finder.push(samples));
  }

  /** Nothing follows on what was given until `lastMs`: what was being said has ended. */
  finish(lastMs: number): TrackSpeech[] {
    if (this.#base === undefined) return [];
    const speech = this.#placed(this.#finder.finish());
    this.#base = undefined;
    this.#heardMs = lastMs + 1;
    return speech;
  }

  /** Where nobody speaks all until shortly before `lastMs` is known. */
  noteHeard(lastMs: number): void {
    if (!this.#finder.isOpen) this.#heardMs = Math.max(this.#heardMs, lastMs - noticedAfterMs);
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
}
