import { hopMs } from "./loudnessMeter.ts";

/** Gain over the media time of a track. */
export class GainCurve {
  #gains: Float32Array;

  /** `gains` of hops, dB. */
  constructor(gains: Float32Array) {
    this.#gains = gains;
  }

  /** Gain at a media time, linear: as measured in the middle of each hop, straight in dB between, and constant beyond. */
  at(mediaMs: number): number {
    const last = this.#gains.length - 1;
    const place = Math.min(last, Math.max(0, mediaMs / hopMs - 0.5));
    const before = Math.floor(place);
    const [left = 0, right = left] = [this.#gains[before], this.#gains[before + 1]];
    const gain = left + (place - before) * (right - left);
    return 10 ** (gain / 20);
  }
}
