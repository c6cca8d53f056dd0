/** Hears every sample that an element plays, however late the page asks. Tests put this file into pages as it is. */
globalThis.Ear = class Ear {
  /** As many as an analyser can remember. */
  static #samples = 32_768;
  /** Hz; enough for beeps, and so low that the samples last for 4 s. */
  static #rate = 8000;
  static #loud = 0.05;
  /** So far its clock and what is heard may be apart, s. */
  static #slack = 0.03;
  static #context;
  static #ears = new WeakMap();

  #heard = new Float32Array(Ear.#samples);
  /** All before that has been asked for, s of the clock. */
  #asked = 0;
  #analyser;

  /** What is longer ago is forgotten, s. */
  static memory = 3.5;

  /** Resolves when elements can be listened to. Listened to earlier, they would stand still. */
  static async open() {
    Ear.#context ??= new AudioContext({ sampleRate: Ear.#rate });
    await Ear.#context.resume();
  }

  /** The clock of all that is heard, s. */
  static get now() {
    return Ear.#context.currentTime;
  }

  /** An element can be listened to once only. */
  static of(element) {
    const known = Ear.#ears.get(element);
    if (known !== undefined) return known;
    const ear = new Ear(element);
    Ear.#ears.set(element, ear);
    return ear;
  }

  constructor(element) {
    const context = Ear.#context;
    this.#analyser = new AnalyserNode(context, { fftSize: Ear.#samples });
    context.createMediaElementSource(element).connect(this.#analyser).connect(context.destination);
  }

  /** Each moment since then at which it was loud, s of the clock. */
  loudSince(from) {
    const end = this.#listen();
    // While the sound stands still, the same would be heard again and again.
    if (end === this.#asked) return [];
    this.#asked = end;
    const ago = Math.ceil((end - from + Ear.#slack) * Ear.#rate);
    const first = Math.max(0, Ear.#samples - ago);
    return [...this.#heard.subarray(first).entries()]
      .filter(([, sample]) => Math.abs(sample) > Ear.#loud)
      .map(([index]) => end - (Ear.#samples - first - index) / Ear.#rate);
  }

  /** @returns until when it has heard, s of the clock: read again when the page was held up in between */
  #listen() {
    for (;;) {
      const end = Ear.now;
      this.#analyser.getFloatTimeDomainData(this.#heard);
      if (Ear.now - end < Ear.#slack) return end;
    }
  }
};
