/** One point every 2 s is kept; after every so many points the distance of further ones doubles. */
const pointsAtASpacing = 2048;
const firstSpacingMs = 2000;

interface Report {
  /** Unwrapped RTP ticks since the first timestamp seen. */
  ticks: number;
  ntp: number;
  arrivalMs: number;
}

/** Collects one track's RTP timestamps and sender reports: unwraps, thins. What was kept stays as it is. */
export class RtpReports {
  #last: number | undefined;
  #ticks = 0;
  #zero: number | undefined;
  #reports: Report[] = [];

  /** The timestamp of the track's first packet: media time zero. */
  first(rtp: number): void {
    this.#zero = this.#unwrap(rtp);
  }

  /** A sender report: the sender's clock (epoch ms) at an RTP timestamp, and when it arrived (epoch ms of ours). */
  report(rtp: number, ntp: number, arrivalMs: number): void {
    const ticks = this.#unwrap(rtp);
    const previous = this.#reports.at(-1);
    if (previous && (ntp - previous.ntp < this.#spacingMs() || ticks <= previous.ticks)) return;
    this.#reports.push({ ticks, ntp, arrivalMs });
  }

  /** When the first report arrived; undefined without any. */
  get firstArrivalMs(): number | undefined {
    return this.#reports[0]?.arrivalMs;
  }

  /** Pairs of media time (ms since the first packet) and sender time (epoch ms), ascending, with their arrival. */
  points(clockRate: number): { mediaMs: number; ntp: number; arrivalMs: number }[] {
    const zero = this.#zero ?? 0;
    return this.#reports.map(({ ticks, ntp, arrivalMs }) => ({
      mediaMs: ((ticks - zero) * 1000) / clockRate,
      ntp,
      arrivalMs,
    }));
  }

  #spacingMs(): number {
    return firstSpacingMs * 2 ** Math.floor(this.#reports.length / pointsAtASpacing);
  }

  /** RTP timestamps are 32 bits and wrap; each is taken as the nearest to the one before. */
  #unwrap(rtp: number): number {
    if (this.#last !== undefined) this.#ticks += (rtp - this.#last) | 0;
    this.#last = rtp;
    return this.#ticks;
  }
}
