import { participantKey, type TrackDigest } from "./captureDigest.ts";

/** Tracks that one browser sent under one clock. */
export interface PublishSession {
  tracks: TrackDigest[];
  /** Our time minus the sender's at one of our times, ms; Infinity when no report had come by then. */
  offsetAt(ourMs: number): number;
}

/** Clocks further apart than this belong to different machines, ms. */
const sameClockMs = 1000;

/**
 * Groups tracks by participant, source and connection: whoever comes back may come back on another machine with another clock.
 * Tracks that overlap in time and agree on the clock were sent together; it is decided at a track's first report and
 * never again. Tracks without reports are alone.
 */
export function sessionsOf(tracks: TrackDigest[]): PublishSession[] {
  const byParticipant = new Map<string, TrackDigest[]>();
  for (const track of tracks) {
    const key = participantKey(track);
    byParticipant.set(key, [...(byParticipant.get(key) ?? []), track]);
  }
  return [...byParticipant.values()].flatMap((own) =>
    own.sort((a, b) => reportedAt(a) - reportedAt(b)).reduce(joinSession, []),
  );
}

function reportedAt({ times, openedAt }: TrackDigest): number {
  return times.firstReportAt ?? openedAt;
}

function joinSession(sessions: PublishSession[], track: TrackDigest): PublishSession[] {
  const same = sessions.findLast((one) => overlaps(one, track) && agrees(one, track));
  if (same) same.tracks.push(track);
  else sessions.push(sessionOf(track));
  return sessions;
}

function sessionOf(track: TrackDigest): PublishSession {
  const tracks = [track];
  const offsetAt = (ms: number) =>
    Math.min(...tracks.map((one) => one.times.senderClock.offsetAt(ms)));
  return { tracks, offsetAt };
}

function overlaps(session: PublishSession, track: TrackDigest): boolean {
  return session.tracks.some((member) => endOf(member) > track.openedAt);
}

function endOf(track: TrackDigest): number {
  return track.endedAt ?? track.orphanedAt ?? Number.POSITIVE_INFINITY;
}

function agrees(session: PublishSession, track: TrackDigest): boolean {
  const at = reportedAt(track);
  // The difference is no number where one has said nothing of its clock.
  return Math.abs(session.offsetAt(at) - track.times.senderClock.offsetAt(at)) <= sameClockMs;
}
