import { join } from "node:path";
import { groupBy } from "../../../core/groupBy.ts";
import type { MediaCodec, MediaSource } from "../../../core/media.ts";
import type { RecordingGap, RecordingPause, RecordingProblem } from "../../../core/recording.ts";
import { countBefore } from "../../../core/sortedSearch.ts";
import { atOnce, inSlices } from "../../../core/yielding.ts";
import { CaptureDigest, participantKey, type TrackDigest } from "../log/captureDigest.ts";
import { NotACaptureError } from "../log/captureFolder.ts";
import { captureLog } from "../log/captureLog.ts";
import { readEvents } from "../log/eventLog.ts";
import { problemsOf } from "../log/problems.ts";
import type { SpeakerTurn } from "../time/activeSpeaker.ts";
import type { MediaClock } from "../time/mediaClock.ts";
import { RecordedTime } from "../time/recordedTime.ts";
import { lastFrameMs } from "../track/trackBlocks.ts";
import { sessionsOf } from "./publishSessions.ts";
import { RangeMaximum } from "./rangeMaximum.ts";
import { trackClock } from "./trackClock.ts";
import { type PlaceFrame, placeOf, type TrackEnds } from "./trackPlace.ts";

/** A track placed on the timeline; all times are ms of recorded time since the start of the capture. */
export interface TimelineTrack {
  id: string;
  /** Id of the timeline's participant it belongs to. */
  participant: string;
  kind: "audio" | "video";
  codec: MediaCodec;
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
  /** When their picture was off by their own word; ascending. */
  off: Interval[];
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
  /** What was received and is not in the tracks. */
  problems: RecordingProblem[];
}

/** Who comes back within this time keeps the place on the picture, ms. */
const reconnectMs = 3000;
/** Tracks that end so close to each other were sent together, ms. */
const togetherMs = 1000;

/**
 * Loads a capture; damaged events and files are left out.
 * @throws NotACaptureError, or Error with code ENOENT, when there is none
 */
export async function loadTimeline(dir: string): Promise<Timeline> {
  const digest = await captureLog(dir).read();
  if (!digest.start) throw new NotACaptureError(dir);
  const ends = await findEnds(dir, [...digest.tracks.values()]);
  return inSlices(timelineSteps(digest, dir, ends));
}

/**
 * What a capture, finished or not, had told when its timeline was `untilMs` long: always the same, however far it has
 * got since. Undefined while it has not got that far.
 * @throws as `loadTimeline`
 */
export async function loadTimelineUntil(
  dir: string,
  untilMs: number,
): Promise<Timeline | undefined> {
  const digest = new CaptureDigest();
  let reached = false;
  for await (const event of readEvents(dir)) {
    reached = isBeyond(digest, event.t, untilMs);
    if (reached) break;
    digest.add(event);
  }
  if (!digest.start) throw new NotACaptureError(dir);
  if (!reached && !digest.stop) return undefined;
  const tracks = [...digest.tracks.values()];
  const isOpen = (track: TrackDigest) => track.endedAt === undefined && !track.orphanedAt;
  const ends = await findEnds(dir, digest.stop ? tracks : tracks.filter((one) => !isOpen(one)));
  // Its file may have grown beyond what was told by then.
  for (const { id, firstFrameAt } of digest.stop ? [] : tracks.filter(isOpen))
    if (firstFrameAt !== undefined) ends.set(id, Number.POSITIVE_INFINITY);
  return buildTimeline(digest, dir, ends);
}

/** Whether the timeline is longer than `untilMs` at an epoch time. */
function isBeyond({ start, pauses }: CaptureDigest, t: number, untilMs: number): boolean {
  if (!start || t <= start.t + untilMs) return false;
  return new RecordedTime(start.t, t, pauses.spans).durationMs > untilMs;
}

/** Tracks whose writer died say nothing of their end: their files do. */
async function findEnds(dir: string, tracks: TrackDigest[]): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  for (const { id, file, endMs } of tracks) {
    if (endMs !== undefined) continue;
    const last = await lastFrameMs(join(dir, file)).catch(() => undefined);
    if (last !== undefined) ends.set(id, last);
  }
  return ends;
}

/**
 * The timeline of a digested log; `dir` is where its track files are, `ends` what the log does not say of them. Pure.
 * @throws NotACaptureError when the log tells of no start
 */
export function buildTimeline(
  digest: CaptureDigest,
  dir: string,
  ends: TrackEnds = new Map(),
): Timeline {
  return atOnce(timelineSteps(digest, dir, ends));
}

/** The work of `buildTimeline`, a track at a time. */
function* timelineSteps(
  digest: CaptureDigest,
  dir: string,
  ends: TrackEnds,
): Generator<undefined, Timeline> {
  const { start, stop } = digest;
  if (!start) throw new NotACaptureError(dir);
  const startedAt = start.t;
  const stoppedAt = Math.max(startedAt, stop?.t ?? digest.lastT);
  const time = new RecordedTime(startedAt, stoppedAt, digest.pauses.spans);
  const { durationMs, pauses } = time;
  const tracks = yield* placeTracks(digest, { dir, startedAt, time, ends, lastT: digest.lastT });
  const { recordingId, roomId } = start;
  const placed = tracks.filter((track) => track.endMs > track.startMs);
  yield;
  return {
    ...{ recordingId, roomId, startedAt, stoppedAt, durationMs },
    sealed: stop !== undefined,
    stopReason: stop?.reason,
    participants: participantsOf(digest, placed, time),
    speakers: digest.speakers.map((turn) => ({ ...turn, atMs: time.at(turn.atMs) })),
    gaps: gapsOf(digest, placed, time),
    pauses,
    problems: problemsOf(digest),
  };
}

/** Sound first: who is heard is there, also if nothing moves before the camera. */
function* placeTracks(
  digest: CaptureDigest,
  frame: Omit<Frame, "heardUntil">,
): Generator<undefined, TimelineTrack[]> {
  const sessions = sessionsOf([...digest.tracks.values()]);
  yield;
  function* placed(kind: TrackDigest["kind"], heardUntil: Frame["heardUntil"]) {
    const places: { track: TrackDigest; place: TimelineTrack }[] = [];
    for (const { tracks, offsetAt } of sessions)
      for (const track of tracks) {
        if (track.kind !== kind) continue;
        places.push({ track, place: placeTrack(track, offsetAt, { ...frame, heardUntil }) });
        yield;
      }
    return places;
  }
  const sound = yield* placed("audio", () => 0);
  const end = ({ endedAt, orphanedAt }: TrackDigest) => endedAt ?? orphanedAt ?? frame.lastT;
  const heard = new Map(
    [...groupBy(sound, ({ track }) => participantKey(track))].map(([key, own]) => [
      key,
      new RangeMaximum(own.map(({ track, place }) => ({ at: end(track), value: place.endMs }))),
    ]),
  );
  const pictures = yield* placed("video", (video) => {
    const own = heard.get(participantKey(video));
    return Math.max(0, own?.between(end(video) - togetherMs, end(video) + togetherMs) ?? 0);
  });
  return [...sound, ...pictures].map(({ place }) => place);
}

interface Frame extends PlaceFrame {
  dir: string;
  startedAt: number;
}

/** No track crosses a pause: what was sent before a section began or after it ended is not on the timeline. */
function placeTrack(
  track: TrackDigest,
  offsetAt: (ourMs: number) => number,
  frame: Frame,
): TimelineTrack {
  const { dir, startedAt, time } = frame;
  const arrivedAt = track.firstAt ?? track.openedAt;
  // Not where its first packet arrived, which is told by another clock and may seem to be before the section.
  const section = time.sectionAt(track.openedAt);
  const onTimeline = (epochMs: number) => epochMs - startedAt - section.cutMs;
  const clock = trackClock(track.times, arrivedAt, { onTimeline, offsetAt });
  const { id, kind, codec, file } = track;
  const path = join(dir, file);
  const place = placeOf(track, clock, section, frame);
  return { id, participant: participantKey(track), kind, codec, path, ...place, clock };
}

function participantsOf(
  digest: CaptureDigest,
  tracks: TimelineTrack[],
  time: RecordedTime,
): TimelineParticipant[] {
  const owners = [...digest.tracks.values()].map(
    (track) => [participantKey(track), track] as const,
  );
  const tracksOf = groupBy(tracks, ({ participant }) => participant);
  const participants = [...new Map(owners)].map(([id, { participant: userId, source }]) => {
    const own = tracksOf.get(id) ?? [];
    const name = digest.names.get(userId) ?? userId;
    const off = (digest.pictureOff.get(id)?.spans ?? []).map(({ from, to }) => ({
      fromMs: time.at(from),
      toMs: to === undefined ? time.durationMs : time.at(to),
    }));
    const presence = mergeIntervals(own, reconnectMs);
    return { id, userId, source, name, presence, off, tracks: own };
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
  const starts = tracks.map(({ startMs }) => startMs).sort((a, b) => a - b);
  return digest.outages.map(({ from, to, interrupted }) => {
    const resumedMs = time.at(to);
    const backMs = starts[countBefore(starts, resumedMs, (ms) => ms)] ?? time.durationMs;
    const endMs = interrupted > 0 ? Math.min(backMs, time.durationMs) : resumedMs;
    return { startMs: time.at(from), endMs, reason: "recorder_restarted" };
  });
}
