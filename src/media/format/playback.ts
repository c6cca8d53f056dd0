import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { eventLogName } from "./log/eventLog.ts";
import type { CapturePlayback, PlayableTrack } from "./port.ts";
import type { ClockPoint, MediaClock } from "./time/mediaClock.ts";
import {
  type Interval,
  loadTimeline,
  type Timeline,
  type TimelineTrack,
} from "./timeline/timeline.ts";

const cacheName = "playback.json";
const cacheVersion = 2;
/** What the ear and the eye do not notice, ms: a clock is thinned out up to this. */
const clockToleranceMs = 3;

/** A track with the name of its file. */
export interface StoredTrack extends PlayableTrack {
  file: string;
}

/** What `playback.json` holds. */
export interface StoredPlayback extends CapturePlayback {
  tracks: StoredTrack[];
}

interface Cache {
  version: number;
  /** Size of the log it was made from. */
  logBytes: number;
  playback: StoredPlayback;
}

/** The capture is still being written, or its writer died and nobody has sealed it yet. */
export class NotSealedError extends Error {
  constructor(dir: string) {
    super(`capture is not sealed: ${dir}`);
    this.name = "NotSealedError";
  }
}

/**
 * What a player needs of a sealed capture. An hour's log takes long to read, so the result is kept beside it.
 * @throws NotSealedError, NotACaptureError, Error with code ENOENT without a log
 */
export async function loadPlayback(dir: string): Promise<StoredPlayback> {
  const { size: logBytes } = await stat(join(dir, eventLogName));
  const known = await readCache(dir);
  if (known?.version === cacheVersion && known.logBytes === logBytes) return known.playback;
  const timeline = await loadTimeline(dir);
  if (!timeline.sealed) throw new NotSealedError(dir);
  const playback = playbackOf(timeline);
  await writeCache(dir, { version: cacheVersion, logBytes, playback });
  return playback;
}

async function readCache(dir: string): Promise<Cache | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, cacheName), "utf8")) as Cache;
  } catch {
    return undefined;
  }
}

/** A capture that cannot be written to can still be played. */
async function writeCache(dir: string, cache: Cache): Promise<void> {
  const fresh = join(dir, `${cacheName}.${randomUUID()}`);
  try {
    await writeFile(fresh, JSON.stringify(cache), { mode: 0o600 });
    await rename(fresh, join(dir, cacheName));
  } catch {
    await rm(fresh, { force: true }).catch(() => undefined);
  }
}

/** A timeline as plain data, in whole milliseconds. Pure. */
export function playbackOf(timeline: Timeline): StoredPlayback {
  const { startedAt, durationMs, participants, speakers, gaps, pauses, problems } = timeline;
  return {
    startedAt,
    durationMs: Math.round(durationMs),
    participants: participants.map(({ id, userId, source, name, presence, off }) => ({
      ...{ id, userId, source, name },
      presence: presence.map(rounded),
      off: off.map(rounded),
    })),
    tracks: participants.flatMap(({ tracks }) => tracks.map(trackOf)),
    speakers: speakers.map(({ atMs, participant }) => ({
      atMs: Math.round(atMs),
      participantId: participant,
    })),
    gaps: gaps.map(({ startMs, endMs, reason }) => ({
      startMs: Math.round(startMs),
      endMs: Math.round(endMs),
      reason,
    })),
    pauses,
    problems,
  };
}

function rounded({ fromMs, toMs }: Interval): Interval {
  return { fromMs: Math.round(fromMs), toMs: Math.round(toMs) };
}

function trackOf(track: TimelineTrack): StoredTrack {
  const { id, participant, kind, codec, path, startMs, endMs, clock } = track;
  return {
    ...{ trackId: id, participantId: participant, kind, codec },
    ...{ startMs: Math.round(startMs), endMs: Math.round(endMs) },
    clock: thinned(clock).map(({ mediaMs, atMs }) => ({
      mediaMs: tenth(mediaMs),
      atMs: tenth(atMs),
    })),
    file: basename(path),
  };
}

const tenth = (ms: number) => Math.round(ms * 10) / 10;

/** The fewest of a clock's points that tell the same time within the tolerance (Douglas–Peucker). */
function thinned({ points }: MediaClock): ClockPoint[] {
  const kept = new Set([0, points.length - 1]);
  const open: [number, number][] = [[0, points.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [left, right] = span;
    const worst = furthest(points, left, right);
    if (worst === undefined) continue;
    kept.add(worst);
    open.push([left, worst], [worst, right]);
  }
  return points.filter((_, index) => kept.has(index));
}

/** The point between two that lies furthest from the line through them, if that is too far. */
function furthest(points: readonly ClockPoint[], left: number, right: number): number | undefined {
  const [a, b] = [points[left], points[right]];
  if (!a || !b) return undefined;
  let worst: number | undefined;
  let distance: number = clockToleranceMs;
  for (let index = left + 1; index < right; index++) {
    const point = points[index];
    if (!point) continue;
    const share = (point.mediaMs - a.mediaMs) / (b.mediaMs - a.mediaMs);
    const off = Math.abs(a.atMs + share * (b.atMs - a.atMs) - point.atMs);
    if (off <= distance) continue;
    worst = index;
    distance = off;
  }
  return worst;
}
