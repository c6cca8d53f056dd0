import type { TrackDigest } from "./captureDigest.ts";
import { SenderClock } from "./senderClock.ts";

/** Tracks that one browser sent under one clock. */
export interface PublishSession {
  tracks: TrackDigest[];
  clock: SenderClock;
}

/** Id of a track's entry on the timeline: the user, or the user's screen. */
export function participantKey({ participant, source }: TrackDigest): string {
  return source === "screen" ? `${participant}/screen` : participant;
}

/** Clocks further apart than this belong to different machines, ms. */
const sameClockMs = 1000;

/**
 * Groups tracks by participant, source and connection: whoever comes back may come back on another machine with another clock.
 * Tracks that overlap in time and agree on the clock were sent together.
 */
export function sessionsOf(tracks: TrackDigest[]): PublishSession[] {
  const byParticipant = new Map<string, TrackDigest[]>();
  for (const track of tracks) {
    const key = participantKey(track);
    byParticipant.set(key, [...(byParticipant.get(key) ?? []), track]);
  }
  return [...byParticipant.values()].flatMap((own) =>
    own.sort((a, b) => a.openedAt - b.openedAt).reduce(joinSession, []),
  );
}

function joinSession(sessions: PublishSession[], track: TrackDigest): PublishSession[] {
  const last = sessions.at(-1);
  if (last && overlaps(last, track) && agrees(last.clock, track.senderClock)) {
    last.tracks.push(track);
    last.clock.merge(track.senderClock);
    return sessions;
  }
  const clock = new SenderClock();
  clock.merge(track.senderClock);
  return [...sessions, { tracks: [track], clock }];
}

function overlaps(session: PublishSession, track: TrackDigest): boolean {
  return session.tracks.some((member) => endOf(member) > track.openedAt);
}

function endOf(track: TrackDigest): number {
  return track.endedAt ?? track.orphanedAt ?? Number.POSITIVE_INFINITY;
}

function agrees(a: SenderClock, b: SenderClock): boolean {
  const unknown = !Number.isFinite(a.least) || !Number.isFinite(b.least);
  return unknown || Math.abs(a.least - b.least) <= sameClockMs;
}
