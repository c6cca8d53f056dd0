/** Media time of one track and the timeline's time that it stands for, both ms. */
export interface ClockPoint {
  mediaMs: number;
  atMs: number;
}

/** A stretch of media that runs with real time, as it is placed on the timeline; all ms. */
export interface PlacedPiece {
  /** Media time at which it begins, and at which the piece before it ended. */
  fromMs: number;
  previousEndMs: number;
  /** Where it begins by the arrival of its packets. */
  atMs: number;
  /** Where more of it belongs, ascending in media time. */
  points: readonly ClockPoint[];
}

/** A point changes what was known by extrapolation for no longer than this before it, ms. */
const reachMs = 2000;
/** The first point says how late the first packets were, if it comes this soon after them, ms. */
const firstReachMs = 8000;
/** Time never stands still between two points, ms. */
const leastMs = 0.01;

/** Maps media time inside a track file to the timeline: piecewise linear between points, real-time speed outside. */
export class MediaClock {
  /** At least one, ascending in both times. */
  readonly points: readonly ClockPoint[];

  constructor(points: readonly ClockPoint[]) {
    this.points = points;
  }

  /** A point changes nothing that lies further back than `reachMs`, so that the past of a running capture does not change. */
  static from(pieces: readonly PlacedPiece[]): MediaClock {
    const points: ClockPoint[] = [];
    for (const piece of pieces) addPiece(points, piece);
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

/** Between two pieces lies a step: the time of the pause, or nothing. */
function addPiece(
  points: ClockPoint[],
  { fromMs, previousEndMs, atMs, points: more }: PlacedPiece,
) {
  const [first] = more;
  const reached = first && first.mediaMs - fromMs <= firstReachMs;
  const shift = reached ? offsetOf(first) : atMs - fromMs;
  if (points.length > 0) {
    const end = endOf(points, Math.min(previousEndMs, fromMs - leastMs));
    // What was misplaced before is not heard twice: this piece begins where that ended.
    const startMs = Math.max(fromMs + shift, end.atMs + leastMs);
    points.push({ mediaMs: fromMs, atMs: startMs });
  } else if (!reached) points.push({ mediaMs: fromMs, atMs });
  for (const point of more) addPoint(points, point);
}

/** Ends a piece: what its reports say of the time after it is dropped. Returns its last point. */
function endOf(points: ClockPoint[], mediaMs: number): ClockPoint {
  const end = { mediaMs, atMs: new MediaClock(points).at(mediaMs) };
  while ((points.at(-1)?.mediaMs ?? Number.NEGATIVE_INFINITY) >= mediaMs) points.pop();
  points.push(end);
  return end;
}

const offsetOf = ({ mediaMs, atMs }: ClockPoint): number => atMs - mediaMs;

function addPoint(points: ClockPoint[], point: ClockPoint): void {
  const last = points.at(-1);
  if (last && point.mediaMs - last.mediaMs > reachMs) {
    const mediaMs = point.mediaMs - reachMs;
    const held = { mediaMs, atMs: last.atMs + mediaMs - last.mediaMs };
    if (held.atMs < point.atMs) points.push(held, point);
  } else if (!last || (point.mediaMs > last.mediaMs && point.atMs > last.atMs)) points.push(point);
}
