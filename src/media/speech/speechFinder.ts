import { speechRate } from "../transcribe/port.ts";
import type { VoiceActivity } from "./sherpa.ts";

const windowSize = 512;
/** A silence that ends speech for certain, samples. */
const silence = new Float32Array(speechRate);
/** What is said without a pause is cut there, samples: longer stretches take the model ever longer. */
const longest = 16 * speechRate;
/** The finder hears first words better with silence before them, samples. */
const lead = speechRate / 2;

/** A stretch of speech. */
export interface Speech {
  /** Samples since the finder was made or restarted. */
  start: number;
  samples: Float32Array;
}

/** Finds speech in sound at 16 kHz that comes piece by piece. */
export class SpeechFinder {
  readonly #voice: VoiceActivity;
  #rest = new Float32Array();
  #spokenFor = 0;
  #begun = false;

  constructor(voice: VoiceActivity) {
    this.#voice = voice;
  }

  /** Somebody speaks now. */
  get isOpen(): boolean {
    return this.#voice.isDetected();
  }

  /** The samples that follow; speech that has ended with them. */
  push(samples: Float32Array): Speech[] {
    if (!this.#begun) this.#begin();
    const sound = new Float32Array(this.#rest.length + samples.length);
    sound.set(this.#rest);
    sound.set(samples, this.#rest.length);
    const found: Speech[] = [];
    let at = 0;
    for (; at + windowSize <= sound.length; at += windowSize) {
      this.#voice.acceptWaveform(sound.slice(at, at + windowSize));
      this.#spokenFor = this.#voice.isDetected() ? this.#spokenFor + windowSize : 0;
      if (this.#spokenFor >= longest) {
        this.#voice.flush();
        this.#spokenFor = 0;
      }
      found.push(...this.#take());
    }
    this.#rest = sound.slice(at);
    return found;
  }

  /** Nothing follows: speech that has not ended ends now. The next samples count from zero. */
  finish(): Speech[] {
    if (!this.#begun) return [];
    const found = this.push(silence);
    this.#voice.flush();
    found.push(...this.#take());
    this.#voice.reset();
    this.#rest = new Float32Array();
    this.#spokenFor = 0;
    this.#begun = false;
    return found;
  }

  #begin(): void {
    this.#begun = true;
    for (let at = 0; at + windowSize <= lead; at += windowSize)
      this.#voice.acceptWaveform(new Float32Array(windowSize));
  }

  #take(): Speech[] {
    const found: Speech[] = [];
    const before = Math.floor(lead / windowSize) * windowSize;
    while (!this.#voice.isEmpty()) {
      const { start, samples } = this.#voice.front(false);
      this.#voice.pop();
      found.push({ start: Math.max(0, start - before), samples });
    }
    return found;
  }
}
