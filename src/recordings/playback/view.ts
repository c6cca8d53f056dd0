import type { RecordingProblem } from "../../core/recording.ts";
import type { ReadTx } from "../../db/port.ts";
import { configOf, type Recording, recordedMs, recordingUrl } from "../recording.ts";
import { listRenditions, type Rendition } from "../renditions/renditions.ts";
import { sameLook } from "../rules.ts";
import { isOpen } from "../states.ts";

/** Null columns do not exist for a client: absent is absent. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null | undefined> } {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], null | undefined> };
}

/** The stable address of a rendition's file. */
export function renditionUrl(
  publicUrl: string,
  rendition: Pick<Rendition, "id" | "recordingId" | "audioOnly">,
): string {
  const extension = rendition.audioOnly ? "m4a" : "mp4";
  return `${publicUrl}/recordings/${rendition.recordingId}/${rendition.id}.${extension}`;
}

export function viewOfRendition(publicUrl: string, rendition: Rendition) {
  const { quality, layout, audioOnly } = rendition;
  return {
    renditionId: rendition.id,
    config: { quality, layout, audioOnly },
    state: rendition.state,
    url: renditionUrl(publicUrl, rendition),
    progress: progressOf(rendition),
    ...known({
      sizeBytes: rendition.sizeBytes,
      sha256: rendition.sha256,
      durationMs: rendition.probe?.durationMs,
      readyAt: rendition.readyAt,
      error: rendition.state === "failed" ? rendition.errorMessage : null,
    }),
  };
}

function progressOf(rendition: Rendition) {
  return { done: rendition.progress, ...known({ etaMs: rendition.etaMs }) };
}

/** Everything there is to know of a recording, as `recordings/queries:getRecording` returns it. */
export async function recordingView(tx: ReadTx, publicUrl: string, recording: Recording) {
  const renditions = await listRenditions(tx, recording.id);
  const requested = renditions.find((rendition) => sameLook(configOf(recording), rendition));
  const { errorCode, errorMessage } = recording;
  return {
    ...summaryView(publicUrl, recording),
    provider: recording.provider,
    gaps: recording.gaps,
    pauses: recording.pauses,
    tracks: recording.tracks.map((track) => ({ source: "camera" as const, ...track })),
    problems: [...recording.problems, ...notComposed(recording, requested)],
    progress: requested ? progressOf(requested) : { done: 0 },
    renditions: renditions.map((rendition) => viewOfRendition(publicUrl, rendition)),
    ...known({
      sizeBytes: requested?.sizeBytes,
      sha256: requested?.sha256,
      probe: requested?.probe,
      stopReason: recording.stopReason,
      error:
        errorCode === null
          ? undefined
          : { code: errorCode, message: errorMessage ?? "The recording failed" },
    }),
  };
}

/** What the requested file had to leave out. */
function notComposed(recording: Recording, rendition: Rendition | undefined): RecordingProblem[] {
  return (rendition?.probe?.skipped ?? []).flatMap(({ trackId, reason }) => {
    const track = recording.tracks.find((one) => one.trackId === trackId);
    if (!track) return [];
    const { participantId, participantName, source = "camera", kind, startMs, endMs } = track;
    const storedMs = endMs - startMs;
    return [
      {
        ...{ code: "not_composed" as const, participantId, participantName, source, kind, trackId },
        ...{ receivedMs: storedMs, storedMs, packets: 0, lost: 0 },
        message: `What was recorded could not be read when the file was made: ${reason}`,
      },
    ];
  });
}

/** One line of a list of recordings. */
export function summaryView(publicUrl: string, recording: Recording) {
  const { id, meetingId, state, startedBy, requestedAt, startedAt, stoppedAt } = recording;
  const { startedByName, pausedAt } = recording;
  return {
    recordingId: id,
    meetingId,
    state,
    config: configOf(recording),
    recordingUrl: recordingUrl(publicUrl, recording),
    startedBy,
    requestedAt,
    ...known({
      startedByName,
      startedAt,
      pausedAt: isOpen(state) ? pausedAt : null,
      stoppedAt,
      durationMs: recordedMs(recording),
    }),
  };
}
