import type { AudioScript, NumberScript, VideoScript } from "./script.ts";

/** Numbers the packets of one track as its script says: a sender's own clock with its pauses, jumps and new sources. */
export class Numbering {
  #script: AudioScript | VideoScript;
  #clockRate: number;
  #sequences = new Map<number, number>();

  /** `clockRate` in Hz. */
  constructor(script: AudioScript | VideoScript, clockRate: number) {
    this.#script = script;
    this.#clockRate = clockRate;
  }

  ssrcAt(ms: number): number {
    return this.#numbersAt(ms).ssrc;
  }

  /** RTP time of what is captured at `ms`, and so much more; in a pause it is told on as if there was none. */
  timestampAt(ms: number, moreMs = 0): number {
    const { timestamp, ppm } = this.#numbersAt(ms);
    const { jumps, pauses } = this.#script;
    const jumped = jumps.filter(({ atMs }) => atMs <= ms).reduce((sum, { byMs }) => sum + byMs, 0);
    const stood = pauses
      .filter(({ timeGoesOn, toMs }) => !timeGoesOn && toMs <= ms)
      .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
    const ticks = ((ms + moreMs + jumped - stood) * (1 + ppm / 1e6) * this.#clockRate) / 1000;
    return modulo(timestamp + Math.round(ticks), 2 ** 32);
  }

  /** The next sequence number of the source that sends at `ms`. */
  takeSequence(ms: number): number {
    const { ssrc, sequence } = this.#numbersAt(ms);
    const next = this.#sequences.get(ssrc) ?? sequence;
    this.#sequences.set(ssrc, (next + 1) & 0xffff);
    return next;
  }

  #numbersAt(ms: number): NumberScript {
    const { numbers, sources } = this.#script;
    return sources.filter(({ atMs }) => atMs <= ms).at(-1)?.numbers ?? numbers;
  }
}

const modulo = (value: number, modulus: number) => ((value % modulus) + modulus) % modulus;
