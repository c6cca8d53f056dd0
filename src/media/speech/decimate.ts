/** Input samples an output sample depends on. */
const taps = 48;
const factor = 3;

/** Low pass at 7.2 kHz of 48 kHz: a windowed sinc (Blackman), of gain 1. */
const kernel = Float32Array.from({ length: taps }, (_, index) => {
  const at = index - (taps - 1) / 2;
  const cutoff = 0.15;
  const sinc = 2 * cutoff * sincOf(2 * cutoff * at);
  const phase = (2 * Math.PI * index) / (taps - 1);
  return sinc * (0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase));
});

function sincOf(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Turns stereo at 48 kHz into mono at 16 kHz, piece by piece. */
export class Decimator {
  #rest = new Float32Array();

  /** The samples that follow those of the last call. */
  push(left: Float32Array, right: Float32Array): Float32Array {
    const input = new Float32Array(this.#rest.length + left.length);
    input.set(this.#rest);
    for (let index = 0; index < left.length; index++)
      input[this.#rest.length + index] = ((left[index] ?? 0) + (right[index] ?? 0)) / 2;
    const count = Math.max(0, Math.floor((input.length - taps) / factor) + 1);
    const output = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++)
        sum += (kernel[tap] ?? 0) * (input[index * factor + tap] ?? 0);
      output[index] = sum;
    }
    this.#rest = input.slice(count * factor);
    return output;
  }
}
