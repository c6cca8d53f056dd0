import { trackFrames } from "../format/track/trackExcerpt.ts";
import { PacketDecoder } from "../render/sound/packetDecoder.ts";
import { Decimator } from "./decimate.ts";
import type { SpeechRecognition } from "./recognition.ts";
import { SpeechPlacer, type TrackSpeech } from "./speechPlacer.ts";

/** Sound is taken in pieces of that length, so that all tracks have their turn, ms of media. */
export const pieceMs = 30_000;
/** A shorter gap is silence between words, a longer one the end of what was said, ms. */
const longestGapMs = 1_000;
/** Times of frames are whole ms and jitter, ms. */
const toleranceMs = 30;

/** Listens to the sound of one track file, which may be growing. */
export class TrackListener {
  readonly #path: string;
  readonly #placer: SpeechPlacer;
  #decoder: PacketDecoder | undefined;
  #decimator = new Decimator();
  /** Media time of the last frame that was decoded, ms. */
  #lastMs: number;

  /** `heardMs`: how far it was listened to before. */
  constructor(path: string, heardMs: number, recognition: SpeechRecognition) {
    this.#path = path;
    this.#lastMs = heardMs - 1;
    this.#placer = new SpeechPlacer(recognition, heardMs);
  }

  get heardMs(): number {
    return this.#placer.heardMs;
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
    if (heardMore) this.#placer.noteHeard(this.#lastMs);
    return { speech, heardMore };
  }

  /** Nothing more comes for now: what was being said has ended. */
  finish(): TrackSpeech[] {
    return this.#placer.finish(this.#lastMs);
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }

  #hear(ms: number, data: Buffer): TrackSpeech[] {
    const speech: TrackSpeech[] = [];
    const gapMs = this.#placer.gapMs(ms);
    if (Math.abs(gapMs) > longestGapMs) speech.push(...this.finish());
    if (!this.#placer.isBegun) this.#begin(ms);
    else if (gapMs > toleranceMs) speech.push(...this.#placer.giveSilence(gapMs));
    this.#lastMs = ms;
    const sound = this.#decoder?.decode(data);
    if (sound) speech.push(...this.#placer.give(this.#decimator.push(sound.left, sound.right)));
    return speech;
  }

  #begin(ms: number): void {
    this.#decoder ??= new PacketDecoder(this.#path);
    this.#decoder.restart();
    this.#decimator = new Decimator();
    this.#placer.begin(ms);
  }
}
