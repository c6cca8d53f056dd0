/** Media time of one track and the timeline's time that it stands for, both ms. */
export interface ClockPoint {
  mediaMs: number;
  atMs: number;
}

/** A sender whose reports are further than this from arrival has no usable clock, ms. */
const maxDisagreementMs = 5000;
/** A report changes what was known by extrapolation for no longer than this before it, ms. */
const reachMs = 2000;
/** The first report says how late the first packets were, if it comes this soon after them, ms. */
const firstReachMs = 4000;

/** Maps media time inside a track file to the timeline: piecewise linear between points, real-time speed outside. */
export class MediaClock {
  /** At least one, ascending in both times. */
  readonly points: readonly ClockPoint[];

  constructor(points: readonly ClockPoint[]) {
    this.points = points;
  }

  /**
   * From sender reports where they agree with arrival, else from the arrival of the first packet. A report changes
   * nothing that lies further back than `reachMs`, so that the past of a running capture does not change.
   */
  static from(reports: readonly ClockPoint[], arrivalMs: number): MediaClock {
    const arrival = { mediaMs: 0, atMs: arrivalMs };
    const [first] = reports;
    const disagreement = first ? Math.abs(first.atMs - first.mediaMs - arrivalMs) : 0;
    if (!first || disagreement > maxDisagreementMs) return new MediaClock([arrival]);
    const points: ClockPoint[] = first.mediaMs > firstReachMs ? [arrival] : [];
    for (const report of reports) addReport(points, report);
    return new MediaClock(points);
  }

  /** Timeline time of a media time, ms. */
  at(mediaMs: number): number {
    const next = this.#nextPoint(mediaMs);
    const right = this.points[next];
    const left = this.points[next - 1];
    if (left && right) {
      const share = (mediaMs - left.mediaMs) / (right.mediaMs - left.mediaMs);
      return left.atMs + share * (right.atMs - left.atMs);
    }
    const only = left ?? right;
    return only ? only.atMs + mediaMs - only.mediaMs : mediaMs;
  }

  /** Media time that stands for a timeline time, ms: the inverse of `at`. */
  mediaAt(atMs: number): number {
    const next = this.points.findIndex((point) => point.atMs > atMs);
    const right = this.points[next];
    const left = this.points.at(next < 0 ? -1 : next - 1);
    if (!left) return atMs;
    if (!right || next === 0) return this.#straight(right ?? left, atMs);
    const share = (atMs - left.atMs) / (right.atMs - left.atMs);
    return left.mediaMs + share * (right.mediaMs - left.mediaMs);
  }

  #straight(point: ClockPoint, atMs: number): number {
    return point.mediaMs + atMs - point.atMs;
  }

  /** Index of the first point after `mediaMs`. */
  #nextPoint(mediaMs: number): number {
    let low = 0;
    let high = this.points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.points[middle]?.mediaMs ?? 0) <= mediaMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function addReport(points: ClockPoint[], report: ClockPoint): void {
  const last = points.at(-1);
  if (last && report.mediaMs - last.mediaMs > reachMs) {
    const mediaMs = report.mediaMs - reachMs;
    const held = { mediaMs, atMs: last.atMs + mediaMs - last.mediaMs };
    if (held.atMs < report.atMs) points.push(held, report);
  } else if (!last || (report.mediaMs > last.mediaMs && report.atMs > last.atMs))
    points.push(report);
}
