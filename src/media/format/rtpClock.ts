/** At first one point every 2 s is kept; the distance doubles when there would be more than this many. */
const maxPoints = 2048;
const firstSpacingMs = 2000;

interface Report {
  /** Unwrapped RTP ticks since the first timestamp seen. */
  ticks: number;
  ntp: number;
}

/** Collects one track's RTP timestamps and sender reports: unwraps, thins, bounded memory. */
export class RtpReports {
  #last: number | undefined;
  #ticks = 0;
  #zero: number | undefined;
  #reports: Report[] = [];
  #spacingMs = firstSpacingMs;

  /** The timestamp of the track's first packet: media time zero. */
  first(rtp: number): void {
    this.#zero = this.#unwrap(rtp);
  }

  /** A sender report: the sender's clock (epoch ms) at an RTP timestamp. */
  report(rtp: number, ntp: number): void {
    const ticks = this.#unwrap(rtp);
    const previous = this.#reports.at(-1);
    if (previous && (ntp - previous.ntp < this.#spacingMs || ticks <= previous.ticks)) return;
    this.#reports.push({ ticks, ntp });
    if (this.#reports.length < maxPoints) return;
    this.#reports = this.#reports.filter((_, index) => index % 2 === 0);
    this.#spacingMs *= 2;
  }

  /** Pairs of media time (ms since the first packet) and sender time (epoch ms), ascending. */
  points(clockRate: number): { mediaMs: number; ntp: number }[] {
    const zero = this.#zero ?? 0;
    return this.#reports.map(({ ticks, ntp }) => ({
      mediaMs: ((ticks - zero) * 1000) / clockRate,
      ntp,
    }));
  }

  /** RTP timestamps are 32 bits and wrap; each is taken as the nearest to the one before. */
  #unwrap(rtp: number): number {
    if (this.#last !== undefined) this.#ticks += (rtp - this.#last) | 0;
    this.#last = rtp;
    return this.#ticks;
  }
}
