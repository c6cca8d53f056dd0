import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Tx } from "../db/port.ts";
import type { ProbeFinding } from "../media/compose/protocol.ts";
import { failRecording, logMove, recordReady } from "../recordings/lifecycle/outcome.ts";
import { configOf, type Recording } from "../recordings/recording.ts";
import {
  claimRendition,
  failRendition,
  findRendition,
  finishRendition,
  type Rendition,
  releaseRendition,
  renewRendition,
} from "../recordings/renditions/renditions.ts";
import { sameLook } from "../recordings/rules.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { requireRecording } from "../recordings/store.ts";
import { underLease } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";

interface Progress {
  /** 0..1 */
  done: number;
  etaMs: number | null;
}

export interface MakeOptions {
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/** How the file of a rendition comes to be. */
export interface RenditionMaker {
  /**
   * Makes the file at `output`, and says what it is.
   * @throws Away when what it needs is away for a time; any other error is a failed attempt, the last one if `retryable` is false
   */
  make(
    rendition: Rendition,
    recording: Recording,
    output: string,
    options: MakeOptions,
  ): Promise<ProbeFinding>;
  /** Removes what is needed no longer once the file is stored. */
  forget(rendition: Rendition, recording: Recording): Promise<void>;
}

export interface RenditionDeps {
  services: RecordingServices;
  maker: RenditionMaker;
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
export function startRenditionLoop(deps: RenditionDeps, worker: number): Loop {
  const { clock, log, nodeId, siteId } = deps.services;
  const owner = `${nodeId}/renditions-${worker}`;
  return startLoop({
    name: "renditions",
    idleMs: 300,
    clock,
    log,
    work: async (signal) => {
      const { db, copies } = deps.services;
      const claim = (tx: Tx) => claimRendition(tx, owner, leaseMs, siteId, copies.fetches);
      const rendition = await db.transaction(claim);
      if (rendition) await makeOne(deps, owner, rendition, signal);
      return rendition !== undefined;
    },
  });
}

async function makeOne(
  deps: RenditionDeps,
  owner: string,
  rendition: Rendition,
  stopping: AbortSignal,
): Promise<void> {
  const { db, log } = deps.services;
  const recording = await db.read((tx) => requireRecording(tx, rendition.recordingId));
  try {
    await makeAndStore(deps, owner, rendition, recording, stopping);
  } catch (error) {
    if (stopping.aborted) {
      await db.transaction((tx) => releaseRendition(tx, rendition, owner));
      return;
    }
    const isAway = error instanceof Away;
    const { id: renditionId, recordingId, meetingId, attempts } = rendition;
    log.warn(
      { err: error, renditionId, recordingId, meetingId, attempts },
      isAway ? "a file waits to be made" : "a file could not be made",
    );
    if (isAway) await db.transaction((tx) => releaseRendition(tx, rendition, owner, error.pauseMs));
    else await giveUpOrRetry(deps, owner, rendition, recording, error);
  }
}

async function makeAndStore(
  deps: RenditionDeps,
  owner: string,
  rendition: Rendition,
  recording: Recording,
  stopping: AbortSignal,
): Promise<void> {
  const { storage, db, clock, log } = deps.services;
  const extension = rendition.audioOnly ? "m4a" : "mp4";
  const output = path.join(deps.workDir, `${rendition.id}.${extension}`);
  await mkdir(deps.workDir, { recursive: true, mode: 0o700 });
  try {
    // A key of this attempt alone: a worker that has been overtaken can neither replace nor remove another's file.
    const storageKey = `recordings/${recording.id}/${rendition.id}.${rendition.attempts}.${extension}`;
    // Storing is under the lease too: a large file takes longer to a store elsewhere than a lease lasts.
    let progress: Progress = { done: 0, etaMs: null };
    const renew = () =>
      db.transaction((tx) => renewRendition(tx, rendition, owner, progress, leaseMs));
    const lease = { clock, renewMs, renew };
    const { probe, stored } = await underLease(lease, stopping, async (signal) => {
      const onProgress = (latest: Progress) => {
        progress = latest;
      };
      const made = await deps.maker.make(rendition, recording, output, { signal, onProgress });
      if (made.problems.length > 0) throw unusable(`a bad file: ${made.problems.join("; ")}`);
      return { probe: made, stored: await store(deps, storageKey, output, signal) };
    });
    const { finished, ready } = await db.transaction(async (tx) => {
      const file = { storageKey, ...stored, probe };
      const done = await finishRendition(tx, rendition, owner, file);
      const asked = done && isRequested(recording, rendition);
      return {
        finished: done,
        ready: asked && (await recordReady(tx, recording, endOf(deps, recording, probe))),
      };
    });
    if (ready) logMove(log, ready);
    if (!finished) await storage.delete(storageKey);
    await deps.maker.forget(rendition, recording);
  } finally {
    await rm(output, { force: true });
    await rm(`${output}.part`, { force: true });
  }
}

/** A storage that is away is waited for with the file in hand: to make it again would cost more. */
async function store(
  { services: { storage, clock, log } }: RenditionDeps,
  key: string,
  file: string,
  signal: AbortSignal,
) {
  for (;;) {
    try {
      return await storage.putFile(key, file);
    } catch (error) {
      if (signal.aborted) throw error;
      log.warn({ err: error, key }, "the storage does not take a file; trying again");
    }
    await clock.sleep(awayMs, signal);
    signal.throwIfAborted();
  }
}

/** Where a provider makes the file, only the file tells how long the recording is. */
function endOf(
  { services }: RenditionDeps,
  { startedAt }: Recording,
  { durationMs }: ProbeFinding,
) {
  if (services.video.capabilities.composesLocally || startedAt === null) return undefined;
  return startedAt + durationMs;
}

/** What a file is made of is away for a time: no fault of the recording, which waits for as long as that takes. */
export class Away extends Error {
  /** Before it is asked for again, ms. */
  readonly pauseMs: number;

  constructor(message: string, { cause, pauseMs = awayMs }: { cause?: unknown; pauseMs?: number }) {
    super(message, { cause });
    this.name = "Away";
    this.pauseMs = pauseMs;
  }
}

/** What there is cannot be used. */
export function unusable(reason: string, retryable = true): Error & { retryable: boolean } {
  return Object.assign(new Error(reason), { retryable });
}

async function giveUpOrRetry(
  { services, maker }: RenditionDeps,
  owner: string,
  rendition: Rendition,
  recording: Recording,
  error: unknown,
): Promise<void> {
  const { retryable = true } = error as { retryable?: boolean };
  const message = error instanceof Error ? error.message : String(error);
  const retryInMs =
    retryable && rendition.attempts < maxAttempts ? 2 ** rendition.attempts * 1000 : undefined;
  const { over, isGone } = await services.db.transaction(async (tx) => {
    const failed = await failRendition(tx, rendition, owner, message, retryInMs);
    if (!failed) return { isGone: (await findRendition(tx, rendition.id)) === undefined };
    if (failed.state !== "failed" || !isRequested(recording, rendition)) return {};
    return { over: await failRecording(tx, recording, { code: "compose_failed", message }) };
  });
  if (over) logMove(services.log, over);
  // Its recording was deleted meanwhile.
  if (isGone) await maker.forget(rendition, recording);
}

function isRequested(recording: Recording, rendition: Rendition): boolean {
  return sameLook(configOf(recording), rendition);
}
