import type { Tx } from "../../db/port.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { noteCapture } from "../archive/captures.ts";
import { claimFile } from "../providerFiles.ts";
import { configOf, type Recording, recordedMs } from "../recording.ts";
import { ensureRendition } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import {
  advanceRecording,
  lockRecording,
  now,
  postponeRecording,
  requireRecording,
} from "../store.ts";
import { processingPollMs } from "./deadlines.ts";
import { announce, failRecording, logMove } from "./outcome.ts";

export type Sealed = Extract<ProviderRecording, { status: "sealed" }>;

/**
 * The provider holds the whole media: `processing`, with the requested rendition queued in the same transaction,
 * or `failed` when nobody was recorded. A file of the provider's that has become another recording's changes nothing.
 */
export async function sealFrom(
  { db, log }: Pick<RecordingServices, "db" | "log">,
  recording: Recording,
  sealed: Sealed,
): Promise<Recording> {
  const latest = await db.transaction((tx) =>
    sealed.file === undefined
      ? sealIn(tx, recording, sealed)
      : takeFile(tx, recording, sealed, sealed.file),
  );
  logMove(log, latest);
  return latest;
}

/** Also of a recording that waits for it as `processing`, or was given up. */
async function takeFile(tx: Tx, recording: Recording, sealed: Sealed, file: string) {
  const latest = await lockRecording(tx, recording.id);
  if (!latest || latest.deletedAt !== null || !(await claimFile(tx, recording, file))) {
    await postponeRecording(tx, recording, (await now(tx)) + processingPollMs);
    return latest ?? recording;
  }
  if (latest.state !== "processing") return sealIn(tx, latest, sealed);
  await ensureRendition(tx, latest, configOf(latest), latest.startedBy);
  await postponeRecording(tx, latest, (await now(tx)) + processingPollMs);
  return latest;
}

async function sealIn(tx: Tx, recording: Recording, sealed: Sealed): Promise<Recording> {
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
  // One that was given up has come after all: its end was told long ago.
  const type = recording.state === "failed" ? "recording_found" : "recording_stopped";
  await announce(tx, moved, type, {
    reason: moved.stopReason,
    durationMs: recordedMs(moved),
  });
  if (!sealed.hasMedia) {
    return failRecording(tx, moved, {
      code: "no_media",
      message: "Nobody sent sound or picture while this was recorded",
    });
  }
  await ensureRendition(tx, moved, configOf(moved), moved.startedBy);
  if (sealed.captureDir !== undefined) await noteCapture(tx, moved);
  return moved;
}
