import { join } from "node:path";
import type { MediaSource, RecordingGap, RecordingPause } from "../../core/recording.ts";
import type { SpeakerTurn } from "./activeSpeaker.ts";
import { CaptureDigest, type TrackDigest } from "./captureDigest.ts";
import { NotACaptureError } from "./captureFolder.ts";
import { readEvents } from "./eventLog.ts";
import type { CaptureCodec } from "./events.ts";
import { MediaClock } from "./mediaClock.ts";
import { participantKey, sessionsOf } from "./publishSessions.ts";
import { RecordedTime } from "./recordedTime.ts";
import { lastFrameMs } from "./trackTail.ts";

/** A track placed on the timeline; all times are ms of recorded time since the start of the capture. */
export interface TimelineTrack {
  id: string;
  /** Id of the timeline's participant it belongs to. */
  participant: string;
  kind: "audio" | "video";
  codec: CaptureCodec;
  /** Absolute path of its file. */
  path: string;
  startMs: number;
  endMs: number;
  /** Where its media belongs. */
  clock: MediaClock;
}

export interface Interval {
  fromMs: number;
  toMs: number;
}

/** Somebody's camera with their microphone, or the screen somebody shares: each is an entry of its own. */
export interface TimelineParticipant {
  /** The user's id; of a screen `<userId>/screen`. */
  id: string;
  userId: string;
  source: MediaSource;
  /** The user's name, also of a screen. */
  name: string;
  /** When there was media of this participant; ascending, apart, clipped to the timeline. */
  presence: Interval[];
  tracks: TimelineTrack[];
}

/**
 * A capture on one clock: zero is its start, `durationMs` its end, whoever was there. Pauses are cut out: their time is
 * in no offset and no duration.
 */
export interface Timeline {
  recordingId: string;
  roomId: string;
  /** Epoch ms. */
  startedAt: number;
  stoppedAt: number;
  durationMs: number;
  sealed: boolean;
  /** Why it was sealed; undefined when it is not. */
  stopReason: string | undefined;
  /** In order of appearance. */
  participants: TimelineParticipant[];
  /** Ascending. */
  speakers: SpeakerTurn[];
  /** Where media is missing that should be there; a pause is not a gap. */
  gaps: RecordingGap[];
  /** Ascending. */
  pauses: RecordingPause[];
}

/** Who comes back within this time keeps the place on the picture, ms. */
const reconnectMs = 3000;
/** The last frame of a track stays for this long, ms. */
const lingerMs = 100;

/** Loads a capture. Throws NotACaptureError or ENOENT when there is none; damaged events and files are left out. */
export async function loadTimeline(dir: string): Promise<Timeline> {
  const digest = new CaptureDigest();
  for await (const event of readEvents(dir)) digest.add(event);
  if (!digest.start) throw new NotACaptureError(dir);
  await findEnds(dir, [...digest.tracks.values()]);
  return buildTimeline(digest, dir);
}

/** Tracks whose writer died say nothing of their end: their files do. */
async function findEnds(dir: string, tracks: TrackDigest[]): Promise<void> {
  for (const track of tracks) {
    track.endMs ??= await lastFrameMs(join(dir, track.file)).catch(() => undefined);
  }
}

/** The timeline of a digested log; `dir` is where its track files are. Pure. */
export function buildTimeline(digest: CaptureDigest, dir: string): Timeline {
  const { start, stop } = digest;
  if (!start) throw new NotACaptureError(dir);
  const startedAt = start.t;
  const stoppedAt = Math.max(startedAt, stop?.t ?? digest.lastT);
  const time = new RecordedTime(startedAt, stoppedAt, digest.pauses);
  const { durationMs, pauses } = time;
  const tracks = sessionsOf([...digest.tracks.values()]).flatMap(({ tracks: members, clock }) =>
    members.map((track) => placeTrack(track, clock, { dir, startedAt, time })),
  );
  const { recordingId, roomId } = start;
  const placed = tracks.filter((track) => track.endMs > track.startMs);
  return {
    ...{ recordingId, roomId, startedAt, stoppedAt, durationMs },
    sealed: stop !== undefined,
    stopReason: stop?.reason,
    participants: participantsOf(digest, placed),
    speakers: digest.speakers.map((turn) => ({ ...turn, atMs: time.at(turn.atMs) })),
    gaps: gapsOf(digest, placed, time),
    pauses,
  };
}

interface Frame {
  dir: string;
  startedAt: number;
  time: RecordedTime;
}

/** No track crosses a pause: what was sent before a section began or after it ended is not on the timeline. */
function placeTrack(
  track: TrackDigest,
  sender: { toOurs(senderMs: number): number },
  { dir, startedAt, time }: Frame,
): TimelineTrack {
  const arrivedAt = track.firstAt ?? track.openedAt;
  const section = time.sectionAt(arrivedAt);
  const onTimeline = (epochMs: number) => epochMs - startedAt - section.cutMs;
  const reports = track.reports.points(track.clockRate).map(({ mediaMs, ntp }) => ({
    mediaMs,
    atMs: onTimeline(sender.toOurs(ntp)),
  }));
  const clock = MediaClock.from(reports, onTimeline(arrivedAt));
  const { id, kind, codec, file } = track;
  const startMs = clamp(clock.at(0), section);
  // Without any frame the track never was: its end is its start.
  const endMs =
    track.endMs === undefined ? startMs : clamp(clock.at(track.endMs) + lingerMs, section);
  const path = join(dir, file);
  return { id, participant: participantKey(track), kind, codec, path, startMs, endMs, clock };
}

function clamp(ms: number, { startMs, endMs }: { startMs: number; endMs: number }): number {
  return Math.min(Math.max(ms, startMs), endMs);
}

function participantsOf(digest: CaptureDigest, tracks: TimelineTrack[]): TimelineParticipant[] {
  const owners = [...digest.tracks.values()].map(
    (track) => [participantKey(track), track] as const,
  );
  const participants = [...new Map(owners)].map(([id, { participant: userId, source }]) => {
    const own = tracks.filter(({ participant }) => participant === id);
    const name = digest.names.get(userId) ?? userId;
    return { id, userId, source, name, presence: mergeIntervals(own, reconnectMs), tracks: own };
  });
  const firstSeen = (participant: TimelineParticipant) => participant.presence[0]?.fromMs ?? 0;
  return participants
    .filter((participant) => participant.tracks.length > 0)
    .sort((a, b) => firstSeen(a) - firstSeen(b));
}

/** The union of tracks' times; pauses up to `bridgeMs` are closed. */
export function mergeIntervals(
  tracks: { startMs: number; endMs: number }[],
  bridgeMs: number,
): Interval[] {
  const merged: Interval[] = [];
  for (const { startMs, endMs } of [...tracks].sort((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1);
    if (last && startMs - last.toMs <= bridgeMs) last.toMs = Math.max(last.toMs, endMs);
    else merged.push({ fromMs: startMs, toMs: endMs });
  }
  return merged;
}

/** An outage lasts until media is back; where nobody who was interrupted came back, until the end. */
function gapsOf(
  digest: CaptureDigest,
  tracks: TimelineTrack[],
  time: RecordedTime,
): RecordingGap[] {
  return digest.outages.map(({ from, to, interrupted }) => {
    const resumedMs = time.at(to);
    const later = tracks.map((track) => track.startMs).filter((startMs) => startMs >= resumedMs);
    const endMs = interrupted > 0 ? Math.min(...later, time.durationMs) : resumedMs;
    return { startMs: time.at(from), endMs, reason: "recorder_restarted" };
  });
}
