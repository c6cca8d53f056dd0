import { groupBy } from "../../../core/groupBy.ts";
import { participantKey, type TrackDigest } from "../log/captureDigest.ts";

/** Tracks that one browser sent under one clock. */
export interface PublishSession {
  tracks: TrackDigest[];
  /** Our time minus the sender's at one of our times, ms; Infinity when no report had come by then. */
  offsetAt(ourMs: number): number;
}

/** Clocks further apart than this belong to different machines, ms. */
const sameClockMs = 1000;
/** A browser sends a few tracks at a time: more belong to further sessions, so that none costs more than a few. */
const maxTracks = 64;
/** Of so many sessions of a participant, the latest, a track may be part. */
const maxLive = 64;

/** A session while tracks are added to it. */
interface Growing extends PublishSession {
  /** When the last of its tracks ended, epoch ms. */
  endMs: number;
}

/**
 * Groups tracks by participant, source and connection: whoever comes back may come back on another machine with another clock.
 * Tracks that overlap in time and agree on the clock were sent together; it is decided at a track's first report and
 * never again. Tracks without reports are alone.
 */
export function sessionsOf(tracks: TrackDigest[]): PublishSession[] {
  return [...groupBy(tracks, participantKey).values()].flatMap(sessionsOfOne);
}

function sessionsOfOne(tracks: TrackDigest[]): PublishSession[] {
  const sessions: Growing[] = [];
  for (const track of tracks.sort((a, b) => reportedAt(a) - reportedAt(b)))
    joinSession(sessions, track);
  return sessions;
}

function reportedAt({ times, openedAt }: TrackDigest): number {
  return times.firstReportAt ?? openedAt;
}

function joinSession(sessions: Growing[], track: TrackDigest): void {
  const same = sessions
    .slice(-maxLive)
    .findLast((one) => one.endMs > track.openedAt && agrees(one, track));
  if (same && same.tracks.length < maxTracks) {
    same.tracks.push(track);
    same.endMs = Math.max(same.endMs, endOf(track));
  } else sessions.push(sessionOf(track));
}

function sessionOf(track: TrackDigest): Growing {
  const tracks = [track];
  const offsetAt = (ms: number) =>
    Math.min(...tracks.map((one) => one.times.senderClock.offsetAt(ms)));
  return { tracks, offsetAt, endMs: endOf(track) };
}

function endOf(track: TrackDigest): number {
  return track.endedAt ?? track.orphanedAt ?? Number.POSITIVE_INFINITY;
}

function agrees(session: PublishSession, track: TrackDigest): boolean {
  const at = reportedAt(track);
  // The difference is no number where one has said nothing of its clock.
  return Math.abs(session.offsetAt(at) - track.times.senderClock.offsetAt(at)) <= sameClockMs;
}
