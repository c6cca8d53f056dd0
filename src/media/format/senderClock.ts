/** Bucket of sender reports of which only the least delayed counts, ms. */
const bucketMs = 60_000;

interface Point {
  /** Sender time, ms. */
  at: number;
  /** Our arrival time minus sender time, ms. */
  offset: number;
}

/**
 * How far a sender's clock is behind ours. A report never arrives early, so the least `arrival - sender time` is the
 * best estimate. Over long captures the clocks drift apart: the estimate is the lower convex hull of the minima per
 * minute, which follows a steady drift in either direction and ignores congested minutes.
 */
export class SenderClock {
  #minima = new Map<number, Point>();
  #hull: Point[] | undefined;

  /** Notes one sender report; both times in ms. */
  add(senderMs: number, arrivalMs: number): void {
    const bucket = Math.floor(arrivalMs / bucketMs);
    const offset = arrivalMs - senderMs;
    const known = this.#minima.get(bucket);
    if (known && known.offset <= offset) return;
    this.#minima.set(bucket, { at: senderMs, offset });
    this.#hull = undefined;
  }

  /** Takes over what another clock of the same sender has seen. */
  merge(other: SenderClock): void {
    for (const { at, offset } of other.#minima.values()) this.add(at, at + offset);
  }

  /** The smallest offset seen, ms; Infinity without any report. */
  get least(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#minima.values()].map((p) => p.offset));
  }

  /** Our time at a sender's time, ms. Call only after reports were added. */
  toOurs(senderMs: number): number {
    this.#hull ??= lowerHull([...this.#minima.values()]);
    return senderMs + offsetAt(this.#hull, senderMs);
  }
}

/** Lower convex hull (Andrew's monotone chain). Fewer than three minutes give one constant: too short to tell drift from jitter. */
function lowerHull(points: Point[]): Point[] {
  const sorted = points.sort((a, b) => a.at - b.at);
  if (sorted.length < 3) {
    const best = sorted.reduce((a, b) => (b.offset < a.offset ? b : a));
    return [best];
  }
  const hull: Point[] = [];
  for (const point of sorted) {
    while (hull.length >= 2 && !turnsUp(hull.at(-2), hull.at(-1), point)) hull.pop();
    hull.push(point);
  }
  return hull;
}

function turnsUp(a: Point | undefined, b: Point | undefined, c: Point): boolean {
  if (!a || !b) return true;
  return (b.offset - a.offset) * (c.at - a.at) < (c.offset - a.offset) * (b.at - a.at);
}

function offsetAt(hull: Point[], at: number): number {
  const next = hull.findIndex((point) => point.at >= at);
  const right = hull[next];
  const left = hull[next - 1];
  if (next < 0) return hull.at(-1)?.offset ?? 0;
  if (!right || !left) return hull[0]?.offset ?? 0;
  const share = (at - left.at) / (right.at - left.at);
  return left.offset + share * (right.offset - left.offset);
}
