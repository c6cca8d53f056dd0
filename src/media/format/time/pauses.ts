/** Somebody paused the capture between the two times, epoch ms. */
export interface PauseSpan {
  from: number;
  /** Undefined while it lasts. */
  to: number | undefined;
}

/** Collects pauses in order; what changes nothing (a pause in a pause, an end without one) is ignored. */
export class Pauses {
  /** Ascending, apart; only the last may be open. */
  readonly spans: PauseSpan[];

  constructor(spans: PauseSpan[] = []) {
    this.spans = spans;
  }

  /** The pause that lasts. */
  get open(): PauseSpan | undefined {
    const last = this.spans.at(-1);
    return last?.to === undefined ? last : undefined;
  }

  begin(at: number): void {
    if (!this.open) this.spans.push({ from: at, to: undefined });
  }

  end(at: number): void {
    if (this.open) this.open.to = at;
  }
}
