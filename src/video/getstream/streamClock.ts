/** An answer's `Date` tells whole seconds. */
const resolutionMs = 1_000;
/** More recent answers than these say nothing new; clocks drift. */
const keptSamples = 32;

/** How far Stream's clock is ahead of ours, learnt from the `Date` of its answers. */
export class StreamClock {
  /** Bounds of the difference, ms, newest last. */
  readonly #samples: { least: number; most: number }[] = [];

  /** Takes the `Date` of an answer to a request sent and answered at these moments, epoch ms. */
  learn(date: string | null | undefined, sentAt: number, answeredAt: number): void {
    const told = Date.parse(date ?? "");
    if (Number.isNaN(told)) return;
    this.#samples.push({ least: told - answeredAt, most: told + resolutionMs - sentAt });
    if (this.#samples.length > keptSamples) this.#samples.shift();
  }

  /** Ms, to within a second and mostly much less; undefined before the first answer. */
  get aheadMs(): number | undefined {
    const newest = this.#samples.at(-1);
    if (!newest) return undefined;
    let { least, most } = newest;
    for (const sample of this.#samples.toReversed()) {
      // One of the clocks was set since.
      if (sample.least > most || sample.most < least) break;
      least = Math.max(least, sample.least);
      most = Math.min(most, sample.most);
    }
    return (least + most) / 2;
  }
}
