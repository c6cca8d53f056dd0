interface Point {
  mediaMs: number;
  atMs: number;
}

/** A track's own time and the recording's, ms: linear between the points, real-time speed outside. */
export class TrackClock {
  readonly #points: readonly Point[];

  /** `points`: ascending in both. */
  constructor(points: readonly Point[]) {
    this.#points = points;
  }

  /** The track's time at a time of the recording. */
  mediaAt(atMs: number): number {
    const [left, right] = this.#around(atMs);
    if (!left || !right) {
      const only = left ?? right;
      return only ? only.mediaMs + atMs - only.atMs : atMs;
    }
    return left.mediaMs + (atMs - left.atMs) * speed(left, right);
  }

  /** How much faster than the recording the track's time passes there; about 1. */
  speedAt(atMs: number): number {
    const [left, right] = this.#around(atMs);
    const factor = left && right ? speed(left, right) : 1;
    return isPlayable(factor) ? factor : 1;
  }

  #around(atMs: number): [Point | undefined, Point | undefined] {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#points[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
      else high = middle;
    }
    return [this.#points[low - 1], this.#points[low]];
  }
}

function speed(left: Point, right: Point): number {
  const passed = right.atMs - left.atMs;
  return passed > 0 ? (right.mediaMs - left.mediaMs) / passed : 1;
}

/** Between two pieces of a track nothing is played: there its time may pass at any speed. */
function isPlayable(factor: number): boolean {
  return factor > 0.5 && factor < 2;
}
