/** The one text track of a recording: what is said, or who speaks where that is not written down. */
class CaptionTrack {
  readonly kind = "captions";
  readonly label = "Captions";
  readonly language = "";
  readonly id = "captions";
  #mode: TextTrackMode = "disabled";
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get mode(): TextTrackMode {
    return this.#mode;
  }

  set mode(mode: TextTrackMode) {
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#changed();
  }
}

/** A media element's `textTracks` as far as the controls use them; whoever plays shows the captions itself. */
export class CaptionTracks extends EventTarget {
  readonly 0: CaptionTrack;
  readonly length = 1;

  constructor() {
    super();
    this[0] = new CaptionTrack(() => this.dispatchEvent(new Event("change")));
  }

  get showing(): boolean {
    return this[0].mode === "showing";
  }

  *[Symbol.iterator](): Generator<CaptionTrack> {
    yield this[0];
  }
}
