import { type LinkSigner, playbackLinkLifeMs } from "../../auth/signedLink.ts";
import { AppError } from "../../core/errors.ts";
import type {
  CapturedMedia,
  CapturedRecording,
  CapturePlayback,
  CopyState,
  PlayableTrack,
} from "../../media/format/port.ts";
import { notHere } from "../archive/captureCopies.ts";
import { configOf, gone, type Recording, recordingUrl, refOf } from "../recording.ts";
import { findRenditionByConfig, type Rendition } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { requireRecording } from "../store.ts";
import { refuseUnplayable } from "./requestTrack.ts";
import { trackExtension, trackMimeType } from "./trackName.ts";

type Services = RecordingServices & { links: LinkSigner; captured: CapturedMedia };

/** Makes the address of one of the recording's files; `file` is what the link is signed for. */
type Link = (address: string, file: string) => string;

/**
 * All a player needs to play a stopped recording at once: the captured tracks with their place in time, and the finished
 * file when there is one. Tracks that are in the store only are fetched where there is no file, or to `restore` them.
 * @throws AppError as `refuseUnplayable`; NOT_FOUND (no such recording, or deleted); CONFLICT `not_sealed` while there is neither
 * capture nor file; CONFLICT `restoring` and `restore_failed` where there is no file and the capture is in the store
 */
export async function getPlayback(
  services: Services,
  userId: string,
  recordingId: string,
  { restore = false }: { restore?: boolean | undefined } = {},
) {
  const { recording, rendition } = await services.db.read(async (tx) => {
    const found = await requireRecording(tx, recordingId);
    if (found.deletedAt !== null) throw gone(found);
    return {
      recording: found,
      rendition: await findRenditionByConfig(tx, found.id, configOf(found)),
    };
  });
  refuseUnplayable(recording);
  const link = linkTo(services, userId, recording);
  const finished = fileOf(services, recording, rendition, link);
  // Who can play the file is not made to wait for the tracks, nor the store to send them.
  const copy = await services.copies.hold(recordingId, { restore: restore || !finished });
  if (copy.kind !== "here" && !finished) throw notHere(recordingId, copy);
  const capture = copy.kind === "here" ? await services.captured.of(refOf(recording)) : undefined;
  const base = `${services.publicUrl()}/recordings/${recording.id}`;
  if (!capture && !finished)
    throw new AppError("CONFLICT", "The recording is not ready to be played yet", {
      ...{ recordingId, state: recording.state, reason: "not_sealed", retryAfterMs: 2000 },
    });
  return {
    ...summaryOf(recording),
    ...(capture ? await capturedView(capture, base, link) : nothingCaptured(recording)),
    ...(finished ? { file: finished } : {}),
    ...(copy.kind === "here" ? {} : { capture: captureOf(copy) }),
    ...progressOf(rendition),
  };
}

function linkTo({ links, clock }: Services, userId: string, { id: recordingId }: Recording): Link {
  const expiresAt = Math.trunc(clock.now() + playbackLinkLifeMs);
  return (address, file) => `${address}?${links.sign({ recordingId, file, userId, expiresAt })}`;
}

function summaryOf(recording: Recording) {
  const { id: recordingId, meetingId, state, audioOnly, layout } = recording;
  return { recordingId, meetingId, state, audioOnly, layout, sealed: recording.stoppedAt !== null };
}

async function capturedView(capture: CapturedRecording, base: string, link: Link) {
  const playback = await capture.playback();
  const { startedAt, durationMs, speakers, gaps, pauses, problems } = playback;
  // One by one: a meeting with a bad network has hundreds of tracks, and each is read through large buffers.
  const tracks = [];
  for (const track of playback.tracks)
    tracks.push(...(await trackView(capture, track, base, link)));
  return {
    ...{ startedAt, durationMs, speakers, gaps, pauses, problems },
    participants: participantsOf(playback),
    tracks,
    captionsUrl: link(`${base}/speakers.vtt`, "speakers"),
  };
}

function participantsOf({ participants }: CapturePlayback) {
  return participants.map(({ id, userId, source, name, presence, off }) => {
    const shown = source === "screen" ? `${name}'s screen` : name;
    return { id, userId, source, name: shown, presence, off };
  });
}

/** None where nothing of the track can be played. */
async function trackView(
  capture: CapturedRecording,
  track: PlayableTrack,
  base: string,
  link: Link,
) {
  const content = await capture.track(track.trackId);
  if (!content) return [];
  const { trackId, participantId, kind, codec, startMs, endMs, clock } = track;
  const url = link(`${base}/tracks/${trackId}.${trackExtension(track)}`, trackId);
  const { sizeBytes } = content;
  return [
    {
      ...{ trackId, participantId, kind, codec, mimeType: trackMimeType(track), url, sizeBytes },
      ...{ startMs, endMs, clock },
    },
  ];
}

/** The provider keeps what it captured: there is the file, and what we know of the time. */
function nothingCaptured({ startedAt, stoppedAt, gaps }: Recording) {
  const durationMs = Math.max(0, (stoppedAt ?? 0) - (startedAt ?? stoppedAt ?? 0));
  return {
    ...{ startedAt: startedAt ?? stoppedAt ?? 0, durationMs, speakers: [], gaps, pauses: [] },
    problems: [],
    ...{ participants: [], tracks: [] },
  };
}

/** Where the tracks are that are not told of. */
function captureOf(copy: Exclude<CopyState, { kind: "here" }>) {
  const { kind: state } = copy;
  return { state, done: copy.kind === "restoring" ? copy.done : 0 };
}

function fileOf(
  services: Services,
  recording: Recording,
  rendition: Rendition | undefined,
  link: Link,
) {
  if (rendition?.state !== "ready" || rendition.sizeBytes === null) return undefined;
  const url = link(recordingUrl(services.publicUrl(), recording), "");
  const { sizeBytes, probe } = rendition;
  return { url, sizeBytes, durationMs: probe?.durationMs ?? 0 };
}

function progressOf(rendition: Rendition | undefined) {
  if (!rendition || rendition.state === "ready") return {};
  const { progress: done, etaMs, state, errorMessage } = rendition;
  if (state === "failed") return { composeError: errorMessage ?? "Composing failed" };
  return { progress: { done, ...(etaMs === null ? {} : { etaMs }) } };
}
