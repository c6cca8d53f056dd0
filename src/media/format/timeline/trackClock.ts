import { lookaheadMs } from "../time/clockOffset.ts";
import { type ClockPoint, MediaClock, type PlacedPiece } from "../time/mediaClock.ts";
import type { TrackPiece, TrackTimes } from "../time/trackTimes.ts";

/** How far a report may place media before its arrival, and after: encoders and networks take time, nothing comes early; ms. */
const believed = { beforeMs: 500, afterMs: 150 } as const;
/** Where only the arrival of the first packet is known: a sender whose first report is further from it has no usable clock, ms. */
const maxDisagreementMs = 5000;

/**
 * Where a track's media belongs on the timeline. Reports say it where they can be believed, else the arrival of packets
 * does. `onTimeline` maps our time (epoch ms) to the timeline, `offsetAt` tells our time minus the sender's at one of
 * ours.
 */
export function trackClock(
  { pieces }: TrackTimes,
  fallbackAt: number,
  {
    onTimeline,
    offsetAt,
  }: { onTimeline: (epochMs: number) => number; offsetAt: (ourMs: number) => number },
): MediaClock {
  let proven = false;
  const placed = pieces.map((piece): PlacedPiece => {
    const { fromMs, previousEndMs, arrivedAt } = piece;
    const arrival = {
      atMs: onTimeline(fromMs + piece.arrival.offsetAt(arrivedAt)),
      points: arrivalPoints(piece, onTimeline),
    };
    const reports = piece.reports.map(({ mediaMs, ntp, arrivalMs }) => ({
      mediaMs,
      atMs: onTimeline(ntp + offsetAt(arrivalMs)),
    }));
    const place = { fromMs, previousEndMs, ...arrival };
    const points = piece.followed
      ? believable(place, reports, proven)
      : agreeing(arrival.atMs, reports);
    proven ||= points.length > 0;
    return points.length > 0 ? { ...place, points } : place;
  });
  if (placed.length === 0) return new MediaClock([{ mediaMs: 0, atMs: onTimeline(fallbackAt) }]);
  return MediaClock.from(placed);
}

/** What arrived with the least delay, after what tells of the piece's beginning. */
function arrivalPoints(
  { arrival, arrivedAt }: TrackPiece,
  onTimeline: (epochMs: number) => number,
): ClockPoint[] {
  return arrival.marks
    .filter(({ ourMs }) => ourMs > arrivedAt + lookaheadMs)
    .map(({ theirMs, ourMs }) => ({ mediaMs: theirMs, atMs: onTimeline(ourMs) }));
}

/**
 * The reports that arrival does not contradict. A network that stood still may look like a pause: a sender whose reports
 * were right before it (`proven`) is believed that there was none.
 */
function believable(place: PlacedPiece, reports: ClockPoint[], proven: boolean): ClockPoint[] {
  const byArrival = MediaClock.from([place]);
  const pauseMs = place.fromMs - place.previousEndMs;
  return reports.filter(({ mediaMs, atMs }) => {
    const lateMs = byArrival.at(mediaMs) - atMs;
    const noPause = proven && Math.abs(lateMs - pauseMs) <= believed.beforeMs;
    return noPause || (lateMs <= believed.beforeMs && lateMs >= -believed.afterMs);
  });
}

/** Of captures that tell no arrivals but the first: all reports, or none. */
function agreeing(atMs: number, reports: ClockPoint[]): ClockPoint[] {
  const [first] = reports;
  if (!first || Math.abs(first.atMs - first.mediaMs - atMs) > maxDisagreementMs) return [];
  return reports;
}
