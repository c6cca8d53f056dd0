import type { ArchivedFile } from "../recordings/archive/captureFiles.ts";
import { archiveFolder } from "../recordings/archive/captureFiles.ts";
import {
  type CaptureWork,
  claimRemoval,
  claimUpload,
  finishUpload,
  forgetCapture,
  releaseCapture,
  renewCapture,
} from "../recordings/archive/captures.ts";
import { insertCopyHere } from "../recordings/archive/copies.ts";
import { uploadCapture } from "../recordings/archive/uploadCapture.ts";
import { refOf } from "../recordings/recording.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { requireRecording } from "../recordings/store.ts";
import type { Archive } from "../storage/port.ts";
import { underLease } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface ArchivingDeps {
  services: Pick<RecordingServices, "db" | "video" | "clock" | "log" | "nodeId" | "config">;
  archive: Archive;
  /** The data folder of this node. */
  siteId: string;
  onAttempt?: (outcome: ArchivingOutcome) => void;
}

export type ArchivingOutcome = "archived" | "removed" | "failed";

const idleMs = 2_000;
const leaseMs = 15_000;
const renewMs = 4_000;
/** Pause after the first failure, ms; it doubles with each. */
const firstPauseMs = 5_000;
const longestPauseMs = 600_000;

/** Sends sealed captures to the store, and removes there what belongs to deleted recordings; one at a time on each node. */
export function startArchivingLoop(deps: ArchivingDeps): Loop {
  const { clock, log } = deps.services;
  const work = async (signal: AbortSignal) =>
    (await removeNext(deps, signal)) || (await uploadNext(deps, signal));
  return startLoop({ name: "archiving", idleMs, clock, log, work });
}

async function uploadNext(deps: ArchivingDeps, stopping: AbortSignal): Promise<boolean> {
  const { services, siteId } = deps;
  const lease = leaseOf(deps);
  const capture = await services.db.transaction((tx) => claimUpload(tx, lease, siteId));
  if (capture)
    await attempt(deps, capture, stopping, false, async (signal) => {
      const files = await upload(deps, capture, signal);
      await finish(deps, capture, files);
    });
  return capture !== undefined;
}

async function upload(
  { services: { db, video }, archive }: ArchivingDeps,
  { recordingId }: CaptureWork,
  signal: AbortSignal,
): Promise<ArchivedFile[]> {
  const recording = await db.read((tx) => requireRecording(tx, recordingId));
  const state = await video.recordingState(refOf(recording), signal);
  if (state.status !== "sealed" || state.captureDir === undefined)
    throw new Error(`the capture is not there to be archived (${state.status})`);
  return uploadCapture(archive, recordingId, state.captureDir, signal);
}

/** What is stored of a recording that was deleted meanwhile is removed by the next who looks. */
async function finish(
  { services, siteId, onAttempt }: ArchivingDeps,
  capture: CaptureWork,
  files: readonly ArchivedFile[],
): Promise<void> {
  const { db, log, nodeId, config } = services;
  const { recordingId } = capture;
  const done = await db.transaction(async (tx) => {
    const finished = await finishUpload(tx, capture, nodeId, files);
    if (finished) await insertCopyHere(tx, recordingId, siteId, keepMs(config));
    return finished;
  });
  if (!done) return;
  log.info({ recordingId, files: files.length }, "capture archived");
  onAttempt?.("archived");
}

async function removeNext(deps: ArchivingDeps, stopping: AbortSignal): Promise<boolean> {
  const { services, archive } = deps;
  const { db, nodeId } = services;
  const capture = await db.transaction((tx) => claimRemoval(tx, leaseOf(deps)));
  if (capture)
    await attempt(deps, capture, stopping, true, async () => {
      await archive.removeFolder(archiveFolder(capture.recordingId));
      await db.transaction((tx) => forgetCapture(tx, capture, nodeId));
      deps.onAttempt?.("removed");
    });
  return capture !== undefined;
}

/** Works under the lease; a failure is told, and tried again after a pause. */
async function attempt(
  deps: ArchivingDeps,
  capture: CaptureWork,
  stopping: AbortSignal,
  isDeleted: boolean,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { db, clock, log, nodeId } = deps.services;
  const renew = () => db.transaction((tx) => renewCapture(tx, capture, leaseOf(deps), isDeleted));
  try {
    await underLease({ clock, renewMs, renew }, stopping, work);
  } catch (error) {
    const { recordingId, attempts } = capture;
    const message = error instanceof Error ? error.message : String(error);
    const pauseMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
    if (!stopping.aborted) {
      log.warn({ err: error, recordingId, attempts }, "a capture could not be archived; later");
      deps.onAttempt?.("failed");
    }
    await db.transaction((tx) =>
      stopping.aborted
        ? releaseCapture(tx, capture, nodeId, null, 0)
        : releaseCapture(tx, capture, nodeId, message, pauseMs),
    );
  }
}

const leaseOf = ({ services }: ArchivingDeps) => ({ owner: services.nodeId, ms: leaseMs });

/** How long a copy stays on the disk although nobody reads it, ms. */
export const keepMs = ({
  keepLocalCapturesHours,
}: Pick<RecordingServices["config"], "keepLocalCapturesHours">): number =>
  keepLocalCapturesHours * 3_600_000;
