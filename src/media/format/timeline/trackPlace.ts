import type { TrackDigest } from "../log/captureDigest.ts";
import type { MediaClock } from "../time/mediaClock.ts";
import type { RecordedTime, Section } from "../time/recordedTime.ts";

/**
 * What is known when the recorder is this much further is all there will ever be known of a time, ms: sender reports
 * have moved its media (8 s), a track that fell silent has been ended (5 s; what is known later moves no end back beyond this), whoever lost the connection is back (3 s).
 */
export const settleMs = 11_000;

/** A sender needs this long at most to make a picture when it is asked for one, ms. */
const soonMs = 1000;
/** The last frame of a track stays for this long, ms. */
const lingerMs = 100;

/** Media time of the last frame by track, ms. */
export type TrackEnds = ReadonlyMap<string, number>;

/** What is known beside a track of when it is there. */
export interface PlaceFrame {
  time: RecordedTime;
  ends: TrackEnds;
  /** The last sign of life, epoch ms. */
  lastT: number;
  /** How long whoever sends a picture is heard with it, ms; 0 when not at all. */
  heardUntil: (track: TrackDigest) => number;
}

/** When a track is there. What was not known within `settleMs` may already have been composed otherwise, and stays so. */
export function placeOf(
  track: TrackDigest,
  clock: MediaClock,
  section: Section,
  { time, ends, lastT, heardUntil }: PlaceFrame,
): { startMs: number; endMs: number } {
  const { id, kind, firstFrameAt, endMs = ends.get(id), endedAt, orphanedAt } = track;
  const begunMs = firstFrameAt === undefined ? 0 : time.at(firstFrameAt) - settleMs;
  const startMs = clamp(firstSeenMs(track, Math.max(clock.at(0), begunMs), time), section);
  // Without any frame the track never was: its end is its start.
  if (endMs === undefined) return { startMs, endMs: startMs };
  const endKnownMs = time.at(endedAt ?? orphanedAt ?? lastT);
  const lastFrameAtMs = clock.at(endMs);
  const signs = [heardUntil(track), lastSignMs(track, lastFrameAtMs, time)];
  const signMs = kind === "video" ? Math.max(...signs) : 0;
  const aliveMs = Math.min(signMs, endKnownMs);
  const lastMs = Math.max(lastFrameAtMs + lingerMs, aliveMs, endKnownMs - settleMs);
  return { startMs, endMs: clamp(lastMs, section) };
}

/** A publisher who was there before is seen at once: the first picture, if it comes soon, is shown from then on. */
function firstSeenMs({ kind, attendedAt }: TrackDigest, firstMs: number, time: RecordedTime) {
  const attendedMs = time.at(attendedAt);
  const soon = kind === "video" && firstMs - attendedMs <= soonMs;
  return soon ? Math.min(firstMs, attendedMs) : firstMs;
}

/** Why a track ends when its sender says so; else the recording ended, or nothing came any more. */
const saidReasons = new Set(["left", "unpublished", "replaced", "removed", "transport_closed"]);
/** A camera whose reports go on for so long after its last picture is still, ms; it may be there until the next report is due. */
const still = { afterMs: 500, leastMs: 1000, mostMs: 8000, times: 1.25 } as const;

/**
 * A camera or a screen on which nothing moves sends nothing but reports: it is seen until it ends. Of a sender that fell
 * silent nothing is known after its last report.
 */
function lastSignMs(
  { source, times, endReason = "" }: TrackDigest,
  lastFrameMs: number,
  time: RecordedTime,
): number {
  if (source === "screen" || saidReasons.has(endReason)) return Number.POSITIVE_INFINITY;
  const { lastReportAt, reportGapMs } = times;
  const reportMs = lastReportAt === undefined ? 0 : time.at(lastReportAt);
  if (reportMs < lastFrameMs + still.afterMs) return 0;
  const { leastMs, mostMs, times: more } = still;
  return reportMs + Math.min(Math.max(leastMs, reportGapMs * more), mostMs);
}

function clamp(ms: number, { startMs, endMs }: { startMs: number; endMs: number }): number {
  return Math.min(Math.max(ms, startMs), endMs);
}
