import { AppError } from "../../core/errors.ts";
import type {
  CapturedMedia,
  CapturedRecording,
  CapturePlayback,
  PlayableTrack,
  TrackContent,
} from "../../media/format/port.ts";
import { type Recording, refOf } from "../recording.ts";
import { trackExtension } from "./trackName.ts";

/** A track's file with what it is. */
export interface TrackFile {
  playback: CapturePlayback;
  track: PlayableTrack;
  content: TrackContent;
}

/**
 * The capture of a stopped recording.
 * @throws AppError CONFLICT `not_sealed` while it is not safe yet, VALIDATION_ERROR `no_media` when it failed without any, NOT_FOUND
 * `not_here` when it is kept by the provider
 */
export async function requireCapture(
  captured: CapturedMedia,
  recording: Recording,
): Promise<CapturedRecording> {
  refuseUnplayable(recording);
  const found = await captured.of(refOf(recording));
  if (found) return found;
  throw new AppError("NOT_FOUND", "What was captured is not kept here", {
    id: recording.id,
    reason: "not_here",
  });
}

/** Lets through what can be played. @throws AppError CONFLICT `not_sealed` (not yet), VALIDATION_ERROR `no_media` (never) */
export function refuseUnplayable(recording: Recording): void {
  const { id: recordingId, state } = recording;
  if (recording.stoppedAt === null && state !== "failed")
    throw new AppError("CONFLICT", "The recording has to be stopped before it can be played", {
      ...{ recordingId, state, reason: "not_sealed", retryAfterMs: 500 },
    });
  if (recording.tracks.length === 0 && state === "failed")
    throw new AppError("VALIDATION_ERROR", "Nothing was captured that could be played", {
      ...{ field: "recordingId", reason: "no_media" },
    });
}

/** The file of one track. @throws AppError as `requireCapture`; NOT_FOUND when there is no such track */
export async function requestTrack(
  captured: CapturedMedia,
  recording: Recording,
  wanted: { trackId: string; extension: string },
): Promise<TrackFile> {
  const capture = await requireCapture(captured, recording);
  const playback = await capture.playback();
  const track = playback.tracks.find(({ trackId }) => trackId === wanted.trackId);
  const fits = track && trackExtension(track) === wanted.extension;
  const content = fits ? await capture.track(track.trackId) : undefined;
  if (track && content) return { playback, track, content };
  throw new AppError("NOT_FOUND", "The recording has no such track", { id: wanted.trackId });
}
