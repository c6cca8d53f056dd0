import { type FileToHear, mixedTrack, type UnheardTrack } from "../transcribe/protocol.ts";
import { type Listened, type Listener, Said } from "./listened.ts";
import type { SpeechRecognition } from "./recognition.ts";
import { SoundFile } from "./soundFile.ts";
import { SpeechPlacer, type TrackSpeech } from "./speechPlacer.ts";
import { pieceMs } from "./trackListener.ts";

/** Frames of a file touch each other but for rounding, ms. */
const toleranceMs = 30;

/** Listens to a finished file with all voices in one: who speaks is not known, and never guessed. */
export class FileListener implements Listener {
  readonly unheard: UnheardTrack[] = [];
  readonly #job: FileToHear;
  readonly #recognition: SpeechRecognition;
  readonly #placer: SpeechPlacer;
  #sound: SoundFile | undefined;
  /** Media time of the last piece, ms. */
  #lastMs: number;

  constructor(job: FileToHear, recognition: SpeechRecognition) {
    this.#job = job;
    this.#recognition = recognition;
    this.#lastMs = job.heard[mixedTrack] ?? 0;
    this.#placer = new SpeechPlacer(recognition, this.#lastMs);
  }

  get heard(): Record<string, number> {
    return { [mixedTrack]: this.#placer.heardMs };
  }

  async listen(): Promise<Listened> {
    this.#sound ??= new SoundFile(this.#job.file, this.#lastMs);
    const fromMs = this.#lastMs;
    const speech: TrackSpeech[] = [];
    let isOver = false;
    while (!isOver && this.#lastMs - fromMs < pieceMs) {
      const piece = this.#sound.next();
      if (piece) speech.push(...this.#hear(piece.ms, piece.samples));
      else isOver = true;
    }
    if (isOver) speech.push(...this.#placer.finish(this.#lastMs));
    else this.#placer.noteHeard(this.#lastMs);
    const { lines, notUnderstood } = await this.#understand(speech);
    return { lines, notUnderstood, heardMore: !isOver, isOver };
  }

  close(): void {
    this.#sound?.close();
    this.#sound = undefined;
  }

  #hear(ms: number, samples: Float32Array): TrackSpeech[] {
    if (!this.#placer.isBegun) this.#placer.begin(ms);
    this.#lastMs = Math.max(this.#lastMs, Math.floor(ms));
    const gapMs = this.#placer.gapMs(ms);
    const before = gapMs > toleranceMs ? this.#placer.giveSilence(gapMs) : [];
    return [...before, ...this.#placer.give(samples)];
  }

  async #understand(speech: TrackSpeech[]): Promise<Said> {
    const { startedAt } = this.#job;
    const said = new Said();
    for (const { fromMs, toMs, samples } of speech) {
      const understood = await this.#recognition.understand(samples);
      const times = {
        startMs: Math.round(startedAt + fromMs),
        endMs: Math.round(startedAt + toMs),
      };
      const placed = { trackId: mixedTrack, userId: null, ...times, mediaMs: fromMs };
      if (understood.text !== "") said.add(placed, understood);
    }
    return said;
  }
}
