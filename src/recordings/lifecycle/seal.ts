import type { Tx } from "../../db/port.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { configOf, type Recording, recordedMs } from "../recording.ts";
import { ensureRendition } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { advanceRecording, now, requireRecording } from "../store.ts";
import { processingPollMs } from "./deadlines.ts";
import { announce, failRecording, logMove } from "./outcome.ts";

export type Sealed = Extract<ProviderRecording, { status: "sealed" }>;

/**
 * The provider holds the whole media: `processing`, with the requested rendition queued in the same transaction,
 * or `failed` when nobody was recorded.
 */
export async function sealFrom(
  { db, video, log }: Pick<RecordingServices, "db" | "video" | "log">,
  recording: Recording,
  sealed: Sealed,
): Promise<Recording> {
  const { composesLocally } = video.capabilities;
  const latest = await db.transaction((tx) => sealIn(tx, recording, sealed, composesLocally));
  logMove(log, latest);
  return latest;
}

async function sealIn(
  tx: Tx,
  recording: Recording,
  sealed: Sealed,
  composesLocally: boolean,
): Promise<Recording> {
  const moved = await advanceRecording(tx, recording.id, "processing", {
    ...(recording.startedAt === null ? { startedAt: sealed.startedAt } : {}),
    stoppedAt: sealed.stoppedAt,
    stopReason: sealed.stopReason,
    gaps: sealed.gaps,
    pauses: sealed.pauses,
    tracks: sealed.tracks,
    problems: sealed.problems,
    sizeBytes: sealed.tracks.reduce((sum, track) => sum + track.sizeBytes, 0),
    deadlineAt: (await now(tx)) + processingPollMs,
  });
  if (!moved) return requireRecording(tx, recording.id);
  await announce(tx, moved, "recording_stopped", {
    reason: moved.stopReason,
    durationMs: recordedMs(moved),
  });
  if (!sealed.hasMedia) {
    return failRecording(tx, moved, {
      code: "no_media",
      message: "Nobody sent sound or picture while this was recorded",
    });
  }
  if (composesLocally) await ensureRendition(tx, moved, configOf(moved), moved.startedBy);
  return moved;
}
