import { access, rm } from "node:fs/promises";
import { archiveFolder, restoringFolder } from "../recordings/archive/captureFiles.ts";
import { unarchiveCapture } from "../recordings/archive/captures.ts";
import {
  type CopyWork,
  claimCopyRemoval,
  claimRestore,
  finishCopy,
  forgetCopy,
  releaseCopyWork,
  renewCopy,
} from "../recordings/archive/copies.ts";
import { removeCopy } from "../recordings/archive/removeCopy.ts";
import { DamagedArchiveError, restoreCapture } from "../recordings/archive/restoreCapture.ts";
import { firstMissing } from "../recordings/archive/uploadCapture.ts";
import type { RecordingServices } from "../recordings/services.ts";
import type { Archive } from "../storage/port.ts";
import { keepMs } from "./archiving.ts";
import { underLease } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";

export interface CopiesDeps {
  services: Pick<RecordingServices, "db" | "clock" | "log" | "nodeId" | "config" | "freeDiskBytes">;
  archive: Archive;
  /** The data folder of this node. */
  siteId: string;
  /** Folder of a recording's capture in it. */
  captureDir(recordingId: string): string;
  /** A capture was fetched, or could not be. */
  onRestore?: (outcome: RestoreOutcome) => void;
}

export type RestoreOutcome = "restored" | "failed";

const restoreIdleMs = 500;
const removeIdleMs = 30_000;
const leaseMs = 15_000;
const renewMs = 2_000;
/** A capture that the store has damaged is asked for so often. */
const mostAttempts = 3;
/** Pause after a failure, and before the store or the disk is looked at again, ms. */
const pauseMs = 5_000;
const diskPauseMs = 15_000;
/** Whoever asks for one that failed is told so for that long, ms; then it is tried again. */
const failedMs = 60_000;

/** The disk has no room for a copy now. */
class NoRoomError extends Error {}

/** Fetches captures that somebody wants to read; one at a time on each node. */
export function startRestoreLoop(deps: CopiesDeps): Loop {
  const { db, clock, log, nodeId } = deps.services;
  const lease = { owner: nodeId, ms: leaseMs };
  const work = async (signal: AbortSignal) => {
    const copy = await db.transaction((tx) => claimRestore(tx, lease, deps.siteId));
    if (copy) await restoreOne(deps, copy, signal);
    return copy !== undefined;
  };
  return startLoop({ name: "restoring", idleMs: restoreIdleMs, clock, log, work });
}

async function restoreOne(deps: CopiesDeps, copy: CopyWork, stopping: AbortSignal): Promise<void> {
  const { services, archive, captureDir } = deps;
  const { db, clock, log, nodeId, config } = services;
  const { recordingId, files } = copy;
  const size = Math.max(
    1,
    files.reduce((sum, file) => sum + file.sizeBytes, 0),
  );
  let bytes = 0;
  const renew = () =>
    db.transaction((tx) =>
      renewCopy(tx, copy, { owner: nodeId, ms: leaseMs }, Math.min(1, bytes / size)),
    );
  try {
    await underLease({ clock, renewMs, renew }, stopping, (signal) =>
      restoreCapture({
        ...{ archive, recordingId, files, dir: captureDir(recordingId), signal },
        onProgress: (now) => {
          bytes = now;
        },
        admit: (more) => requireRoom(services, more),
      }),
    );
    await db.transaction((tx) => finishCopy(tx, copy, nodeId, keepMs(config)));
    log.info({ recordingId, bytes: size }, "capture fetched from the store");
    deps.onRestore?.("restored");
  } catch (error) {
    await restoreFailed(deps, copy, error, stopping);
  }
}

async function restoreFailed(
  { services, captureDir, onRestore }: CopiesDeps,
  copy: CopyWork,
  error: unknown,
  stopping: AbortSignal,
): Promise<void> {
  const { db, log, nodeId } = services;
  const { recordingId, attempts } = copy;
  const message = error instanceof Error ? error.message : String(error);
  const counts = error instanceof DamagedArchiveError;
  const isFinal = counts && attempts >= mostAttempts;
  if (!stopping.aborted) {
    log.warn({ err: error, recordingId, attempts }, "a capture could not be fetched");
    onRestore?.("failed");
  }
  if (isFinal) await rm(restoringFolder(captureDir(recordingId)), { recursive: true, force: true });
  const retryInMs = isFinal ? failedMs : error instanceof NoRoomError ? diskPauseMs : pauseMs;
  await db.transaction((tx) =>
    releaseCopyWork(tx, copy, nodeId, {
      state: isFinal ? "failed" : "restoring",
      ...{ message, counts, retryInMs: stopping.aborted ? 0 : retryInMs },
    }),
  );
}

/** What recordings need to start stays free. */
async function requireRoom(
  { config, freeDiskBytes }: CopiesDeps["services"],
  bytes: number,
): Promise<void> {
  const freeBytes = await freeDiskBytes();
  if (freeBytes - bytes < config.diskReserveBytes)
    throw new NoRoomError(`${bytes} bytes do not fit on the disk: ${freeBytes} are free`);
}

/** Removes copies that nobody has read for long from this disk, and what deleted recordings left there. */
export function startCopyRemovalLoop(deps: CopiesDeps): Loop {
  const { clock, log } = deps.services;
  const work = async () => removeNext(deps);
  return startLoop({ name: "removeCopies", idleMs: removeIdleMs, clock, log, work });
}

/** @returns whether there was one to remove */
export async function removeNext(deps: CopiesDeps): Promise<boolean> {
  const { db, log, nodeId, config, freeDiskBytes } = deps.services;
  // Where there is room for not much more than the reserve, others may soon have to wait.
  const isShort = (await freeDiskBytes()) < 2 * config.diskReserveBytes;
  const lease = { owner: nodeId, ms: leaseMs };
  const copy = await db.transaction((tx) => claimCopyRemoval(tx, lease, deps.siteId, isShort));
  if (!copy) return false;
  try {
    await removeOne(deps, copy);
  } catch (error) {
    log.warn({ err: error, recordingId: copy.recordingId }, "a capture stays on the disk for now");
    const given = { message: String(error), retryInMs: longPauseMs, counts: true };
    // Whatever failed, nothing of it is gone unless it is gone as a whole.
    const state = (await isThere(deps, copy)) ? "here" : "removing";
    await db.transaction((tx) => releaseCopyWork(tx, copy, nodeId, { ...given, state }));
  }
  return true;
}

const longPauseMs = 600_000;

/** The only other copy is looked at once more before this one goes. */
async function removeOne(deps: CopiesDeps, copy: CopyWork): Promise<void> {
  const { services, archive, captureDir } = deps;
  const { db, clock, log, nodeId } = services;
  const { recordingId, files, isDeleted } = copy;
  const missing = isDeleted ? undefined : await firstMissing(archive, recordingId, files);
  if (missing !== undefined && (await isThere(deps, copy))) {
    log.error({ recordingId, missing }, "the store has lost a capture; it is sent again");
    await db.transaction(async (tx) => {
      await unarchiveCapture(tx, recordingId);
      await forgetCopy(tx, copy, nodeId);
    });
    return;
  }
  const renew = () =>
    db.transaction((tx) => renewCopy(tx, copy, { owner: nodeId, ms: leaseMs }, 0));
  const stopping = new AbortController().signal;
  await underLease({ clock, renewMs, renew }, stopping, () => removeCopy(captureDir(recordingId)));
  await db.transaction((tx) => forgetCopy(tx, copy, nodeId));
  log.info({ recordingId, store: archiveFolder(recordingId) }, "capture removed from the disk");
}

function isThere({ captureDir }: CopiesDeps, { recordingId }: CopyWork): Promise<boolean> {
  return access(captureDir(recordingId)).then(
    () => true,
    () => false,
  );
}
