import { mkdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { isAppError } from "../core/errors.ts";
import type { ComposeJob, ProbeFinding } from "../media/compose/protocol.ts";
import { failRecording, logMove, recordReady } from "../recordings/lifecycle/outcome.ts";
import { configOf, type Recording, refOf } from "../recordings/recording.ts";
import {
  claimRendition,
  failRendition,
  finishRendition,
  type Rendition,
  releaseRendition,
  renewRendition,
} from "../recordings/renditions/renditions.ts";
import { sameLook } from "../recordings/rules.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { requireRecording } from "../recordings/store.ts";
import { type Loop, startLoop } from "./loop.ts";
import { sliceFolder } from "./slices.ts";

/** Composes one job in a child process. @throws an error like `ComposeFailure` (`retryable`) */
export type Compose = (
  job: ComposeJob,
  options: {
    signal: AbortSignal;
    onProgress(progress: { done: number; etaMs: number }): void;
  },
) => Promise<ProbeFinding>;

export interface ComposeDeps {
  services: RecordingServices;
  compose: Compose;
  /** Folder for files in the making; on the same file system as the storage where that is a folder. */
  workDir: string;
}

/** A worker that has not said so for that long has died, ms: another takes its rendition. */
const leaseMs = 8_000;
const renewMs = 2_000;
const maxAttempts = 4;
/** Pause before rooms or a storage that are away are asked again, ms. */
const awayMs = 5_000;

/** One worker: takes renditions one at a time, oldest first, also those whose worker has died. */
export function startComposeLoop(deps: ComposeDeps, worker: number): Loop {
  const { clock, log, nodeId, siteId } = deps.services;
  const owner = `${nodeId}/compose-${worker}`;
  return startLoop({
    name: "compose",
    idleMs: 300,
    clock,
    log,
    work: async (signal) => {
      const { db } = deps.services;
      const rendition = await db.transaction((tx) => claimRendition(tx, owner, leaseMs, siteId));
      if (rendition) await composeOne(deps, owner, rendition, signal);
      return rendition !== undefined;
    },
  });
}

async function composeOne(
  deps: ComposeDeps,
  owner: string,
  rendition: Rendition,
  stopping: AbortSignal,
): Promise<void> {
  const { db, log } = deps.services;
  const recording = await db.read((tx) => requireRecording(tx, rendition.recordingId));
  try {
    await composeAndStore(deps, owner, rendition, recording, stopping);
  } catch (error) {
    if (stopping.aborted) {
      await db.transaction((tx) => releaseRendition(tx, rendition, owner));
      return;
    }
    const isAway = error instanceof Away;
    const { id: renditionId, recordingId, meetingId, attempts } = rendition;
    log.warn(
      { err: error, renditionId, recordingId, meetingId, attempts },
      isAway ? "composing waits" : "composing failed",
    );
    if (isAway) await db.transaction((tx) => releaseRendition(tx, rendition, owner, awayMs));
    else await giveUpOrRetry(deps, owner, rendition, recording, error);
  }
}

async function composeAndStore(
  deps: ComposeDeps,
  owner: string,
  rendition: Rendition,
  recording: Recording,
  stopping: AbortSignal,
): Promise<void> {
  const { storage, db, log } = deps.services;
  const extension = rendition.audioOnly ? "m4a" : "mp4";
  const output = path.join(deps.workDir, `${rendition.id}.${extension}`);
  await mkdir(deps.workDir, { recursive: true, mode: 0o700 });
  try {
    const job = await jobOf(deps, rendition, recording, output);
    const probe = await underLease(deps, owner, rendition, stopping, job);
    if (probe.problems.length > 0) throw unusable(`a bad file: ${probe.problems.join("; ")}`);
    // A key of this attempt alone: a worker that has been overtaken can neither replace nor remove another's file.
    const storageKey = `recordings/${recording.id}/${rendition.id}.${rendition.attempts}.${extension}`;
    const stored = await storage.putFile(storageKey, output).catch((error: unknown) => {
      throw new Away("the storage did not take the file", error);
    });
    const { finished, ready } = await db.transaction(async (tx) => {
      const file = { storageKey, ...stored, probe };
      const done = await finishRendition(tx, rendition, owner, file);
      const asked = done && isRequested(recording, rendition);
      return { finished: done, ready: asked && (await recordReady(tx, recording)) };
    });
    if (ready) logMove(log, ready);
    if (!finished) await storage.delete(storageKey);
    await forgetSlices(sliceFolder(deps.workDir, recording.id, rendition));
  } finally {
    await rm(output, { force: true });
    await rm(`${output}.part`, { force: true });
  }
}

async function forgetSlices(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  // Slices of another look may be in it.
  await rmdir(path.dirname(folder)).catch(() => undefined);
}

async function jobOf(
  { services, workDir }: ComposeDeps,
  rendition: Rendition,
  recording: Recording,
  output: string,
): Promise<ComposeJob> {
  const { layout, quality, audioOnly } = rendition;
  const state = await services.video.recordingState(refOf(recording)).catch((error: unknown) => {
    if (isAppError(error) && error.blame === "provider")
      throw new Away("the video provider did not answer", error);
    throw error;
  });
  if (state.status !== "sealed" || state.captureDir === undefined)
    throw unusable(`the capture is not there to compose from (${state.status})`);
  return {
    captureDir: state.captureDir,
    output,
    layout,
    quality,
    audioOnly,
    composer: services.config.composer,
    threads: 0,
    // Slices are made by the bundled library; another encoder's would not fit together.
    ...(services.config.composer === "node-av"
      ? { sliceFolder: sliceFolder(workDir, recording.id, rendition) }
      : {}),
  };
}

/** What composing needs is away for a time: no fault of the recording, which waits for as long as that takes. */
class Away extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "Away";
  }
}

function unusable(reason: string): Error & { retryable: boolean } {
  return Object.assign(new Error(reason), { retryable: true });
}

/** Composes while renewing the lease; a lost lease or a stopping node ends the child. */
async function underLease(
  { services, compose }: ComposeDeps,
  owner: string,
  rendition: Rendition,
  stopping: AbortSignal,
  job: ComposeJob,
): Promise<ProbeFinding> {
  const { db, clock } = services;
  const over = new AbortController();
  const lost = new AbortController();
  let progress: { done: number; etaMs: number | null } = { done: 0, etaMs: null };
  const renewing = (async () => {
    while (!over.signal.aborted) {
      await clock.sleep(renewMs, over.signal);
      if (over.signal.aborted) return;
      const ours = await db
        .transaction((tx) => renewRendition(tx, rendition, owner, progress, leaseMs))
        .catch(() => true);
      if (!ours) lost.abort(new Error("another worker has taken over"));
    }
  })();
  try {
    return await compose(job, {
      signal: AbortSignal.any([stopping, lost.signal]),
      onProgress: (latest) => {
        progress = latest;
      },
    });
  } finally {
    over.abort();
    await renewing;
  }
}

async function giveUpOrRetry(
  { services }: ComposeDeps,
  owner: string,
  rendition: Rendition,
  recording: Recording,
  error: unknown,
): Promise<void> {
  const { retryable = true } = error as { retryable?: boolean };
  const message = error instanceof Error ? error.message : String(error);
  const retryInMs =
    retryable && rendition.attempts < maxAttempts ? 2 ** rendition.attempts * 1000 : undefined;
  const over = await services.db.transaction(async (tx) => {
    const failed = await failRendition(tx, rendition, owner, message, retryInMs);
    if (failed?.state !== "failed" || !isRequested(recording, rendition)) return undefined;
    return failRecording(tx, recording, { code: "compose_failed", message });
  });
  if (over) logMove(services.log, over);
}

function isRequested(recording: Recording, rendition: Rendition): boolean {
  return sameLook(configOf(recording), rendition);
}
