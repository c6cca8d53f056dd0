/** Media time of one track and the timeline's time that it stands for, both ms. */
export interface ClockPoint {
  mediaMs: number;
  atMs: number;
}

/** A sender whose reports are further than this from arrival has no usable clock, ms. */
const maxDisagreementMs = 5000;

/** Maps media time inside a track file to the timeline: piecewise linear between points, real-time speed outside. */
export class MediaClock {
  #points: ClockPoint[];

  /** `points`: at least one, ascending in both times. */
  constructor(points: ClockPoint[]) {
    this.#points = points;
  }

  /** From sender reports where they agree with arrival, else from the arrival of the first packet. */
  static from(reports: ClockPoint[], arrivalMs: number): MediaClock {
    const ascending = reports.filter(
      (point, index) => index === 0 || point.atMs > (reports[index - 1]?.atMs ?? 0),
    );
    const byArrival = new MediaClock([{ mediaMs: 0, atMs: arrivalMs }]);
    if (ascending.length === 0) return byArrival;
    const bySender = new MediaClock(ascending);
    const disagreement = Math.abs(bySender.at(0) - arrivalMs);
    return disagreement > maxDisagreementMs ? byArrival : bySender;
  }

  /** At least one, ascending in both times. */
  get points(): readonly ClockPoint[] {
    return this.#points;
  }

  /** Timeline time of a media time, ms. */
  at(mediaMs: number): number {
    const next = this.#nextPoint(mediaMs);
    const right = this.#points[next];
    const left = this.#points[next - 1];
    if (left && right) {
      const share = (mediaMs - left.mediaMs) / (right.mediaMs - left.mediaMs);
      return left.atMs + share * (right.atMs - left.atMs);
    }
    const only = left ?? right;
    return only ? only.atMs + mediaMs - only.mediaMs : mediaMs;
  }

  /** Index of the first point after `mediaMs`. */
  #nextPoint(mediaMs: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#points[middle]?.mediaMs ?? 0) <= mediaMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
