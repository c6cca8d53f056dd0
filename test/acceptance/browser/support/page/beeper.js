/**
 * Beeps at every full second of the wall clock, where the sound is made (an AudioWorklet): the page may stand still meanwhile,
 * and sound may be made late, and then faster. A sample's time is the least late look at the clock since it was made. Posts
 * when each beep began, epoch ms.
 */
const { AudioWorkletProcessor, registerProcessor, sampleRate } = globalThis;

const settledMs = 1000;
/** Samples: about 10 ms. */
const lookEvery = 512;
/** A second that is seen later has no beep. */
const lateMs = 50;

class Beeper extends AudioWorkletProcessor {
  /** Looks at the clock: how late each was, against the samples made so far. */
  #looks = [];
  /** Beeps that are not posted yet, ms of samples made. */
  #begun = [];
  #second = 0;
  #from = -Infinity;
  #beep;

  constructor({ processorOptions }) {
    super();
    this.#beep = processorOptions.beep;
  }

  process(_inputs, [[out]]) {
    const { currentFrame } = globalThis;
    const madeMs = (1000 * currentFrame) / sampleRate;
    if (currentFrame % lookEvery === 0) this.#look(madeMs);
    const at = madeMs + this.#leastLate(madeMs - settledMs);
    const second = Math.floor(at / 1000);
    if (second > this.#second && at % 1000 < lateMs) {
      this.#from = currentFrame;
      this.#begun.push(madeMs);
    }
    this.#second = second;
    for (let index = 0; index < out.length; index++)
      out[index] = this.#beep[currentFrame + index - this.#from] ?? 0;
    if (this.#begun[0] < madeMs - settledMs) {
      const begun = this.#begun.shift();
      this.port.postMessage(begun + this.#leastLate(begun));
    }
    return true;
  }

  #look(madeMs) {
    this.#looks.push({ madeMs, lateMs: Date.now() - madeMs });
    while (this.#looks[0].madeMs < madeMs - 2 * settledMs) this.#looks.shift();
  }

  #leastLate(sinceMs) {
    return this.#looks
      .filter(({ madeMs }) => madeMs >= sinceMs)
      .reduce((least, { lateMs }) => Math.min(least, lateMs), Infinity);
  }
}

registerProcessor("beeper", Beeper);
