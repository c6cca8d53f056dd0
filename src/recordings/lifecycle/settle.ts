import { isAppError } from "../../core/errors.ts";
import { type ReadTx, statement } from "../../db/port.ts";
import type { ProviderRecording, RecordingRef } from "../../video/port.ts";
import { asking } from "../notices.ts";
import { refWithFiles } from "../providerFiles.ts";
import { configOf, type Recording, refOf } from "../recording.ts";
import { ensureRendition, findRenditionByConfig } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { isOfLostSite, isOfSite, isWithinReach } from "../sites.ts";
import { advanceRecording, now, postponeRecording, recordingColumns } from "../store.ts";
import { shouldStop } from "./autoStop.ts";
import {
  leaseMs,
  type Pace,
  patience,
  processingPollMs,
  remotePollMs,
  retryMs,
  scarceMs,
  spreadOf,
  toldPollMs,
} from "./deadlines.ts";
import { lateFileDeadline, settleFailed } from "./lateFile.ts";
import { type Failure, recordFailure, recordReady, recordStarted } from "./outcome.ts";
import { carryOutPause } from "./pauseWish.ts";
import { purgeRecording } from "./purge.ts";
import { requestStop } from "./requestStop.ts";
import { sealFrom } from "./seal.ts";

const claimDue = statement<Recording & { now: number }>(
  "recordings.claimDue",
  `UPDATE recordings r SET lease_owner = $1, lease_until = app_now() + interval '${leaseMs} milliseconds'
   WHERE r.id IN (
     SELECT id FROM recordings r
     WHERE deadline_at <= app_now() AND (lease_until IS NULL OR lease_until < app_now())
       AND (${isOfSite("$3")} OR (state IN ('starting', 'recording', 'stopping') AND ${isOfLostSite})
         OR (state = 'processing' AND deleted_at IS NULL AND ${isWithinReach("$3", "$4")}))
     ORDER BY deadline_at LIMIT $2 FOR UPDATE SKIP LOCKED)
   RETURNING ${recordingColumns}, app_now() AS now`,
);

/**
 * Looks at every recording past its deadline and moves it on by what the provider says, until it is `ready` or
 * `failed`. Safe on any number of nodes at once, and after any crash. What another data folder holds is left to its
 * server; if that one is not heard of for an hour, the meeting's open recording is given up.
 * @returns how many were looked at
 */
export async function settleDue(services: RecordingServices, limit = 16): Promise<number> {
  const due = await services.db.transaction((tx) =>
    tx.all(claimDue, [services.nodeId, limit, services.siteId, services.copies.fetches]),
  );
  await Promise.all(due.map((recording) => settleSafely(services, recording, recording.now)));
  return due.length;
}

async function settleSafely(services: RecordingServices, recording: Recording, at: number) {
  try {
    await settle(services, recording, at);
  } catch (error) {
    const { id: recordingId, meetingId, state } = recording;
    services.log.warn({ err: error, recordingId, meetingId, state }, "could not settle yet");
    await giveUpOrRetry(services, recording, at, isAppError(error) ? error.code : "INTERNAL_ERROR");
  }
}

function settle(services: RecordingServices, recording: Recording, at: number): Promise<unknown> {
  if (recording.deletedAt !== null) return purgeRecording(services, recording);
  switch (recording.state) {
    case "starting":
      return settleStarting(services, recording, at);
    case "recording":
      return settleRunning(services, recording, at);
    case "stopping":
      return settleStopping(services, recording, at);
    case "processing":
      return settleProcessing(services, recording, at);
    case "failed":
      return settleFailed(services, recording, at);
    case "ready":
      return Promise.resolve();
    default:
      return recording.state satisfies never;
  }
}

/** A provider that makes the files itself is told which of them are known. */
function askedOf({ db, video }: RecordingServices, recording: Recording): Promise<RecordingRef> {
  if (video.capabilities.composesLocally) return Promise.resolve(refOf(recording));
  return db.read((tx) => refWithFiles(tx, recording));
}

async function settleStarting(services: RecordingServices, recording: Recording, at: number) {
  const { video } = services;
  const answer = await video.recordingState(await askedOf(services, recording));
  if (answer.status === "recording") return recordStarted(services, recording, answer);
  const mayShowYet =
    answer.status === "absent" && at - recording.requestedAt < video.capabilities.absentGraceMs;
  if (answer.status === "starting" || mayShowYet)
    return giveUpOrRetry(services, recording, at, "start_unconfirmed");
  return settleEnded(services, recording, answer, at);
}

async function settleRunning(services: RecordingServices, recording: Recording, at: number) {
  const seen = await services.video.recordingState(await askedOf(services, recording));
  const answer = await carryOutPause(services, recording, seen);
  if (answer.status !== "recording" && answer.status !== "starting")
    return settleEnded(services, recording, answer, at);
  return services.db.transaction(async (tx) => {
    const reason = await shouldStop(tx, services, recording, at);
    if (reason) await requestStop(tx, recording.id, { reason });
    else await postponeRecording(tx, recording, at + (await pollMs(tx, services, recording)));
  });
}

async function settleStopping(services: RecordingServices, recording: Recording, at: number) {
  const answer = await services.video.stopRecording(await askedOf(services, recording));
  if (answer.status === "recording" || answer.status === "starting")
    return giveUpOrRetry(services, recording, at, "stop_unconfirmed");
  return settleEnded(services, recording, answer, at);
}

/** A provider that tells by itself what happens is asked rarely, and one that has little left more rarely still. */
async function pollMs(
  tx: ReadTx,
  { video }: RecordingServices,
  recording: Recording,
): Promise<number> {
  const { statePollMs, composesLocally } = video.capabilities;
  if (composesLocally) return statePollMs;
  const known = await asking(tx);
  const usualMs = known.isTold ? Math.max(statePollMs, toldPollMs) : statePollMs;
  return Math.max(usualMs, scarceMs(known, { spread: spreadOf(recording) }));
}

type Ended = Exclude<ProviderRecording, { status: "recording" | "starting" }>;

async function settleEnded(
  services: RecordingServices,
  recording: Recording,
  answer: Ended,
  at: number,
): Promise<unknown> {
  switch (answer.status) {
    case "sealed":
      return sealFrom(services, recording, answer);
    case "finishing":
      return settleFinishing(services, recording, answer, at);
    case "absent":
      return fail(services, recording, at, absent(recording));
    case "failed":
      return fail(services, recording, at, {
        code: "provider_failed",
        message: `The video provider ended the recording: ${answer.reason}`,
      });
    default:
      return answer satisfies never;
  }
}

/** Given up for now; a provider's own file may still come. */
function fail(services: RecordingServices, recording: Recording, at: number, failure: Failure) {
  const lookAgainAt = lateFileDeadline(services, recording, failure, at);
  return recordFailure(services, recording, failure, lookAgainAt);
}

function absent(recording: Recording): Failure {
  return recording.startedAt === null
    ? { code: "never_started", message: "The video provider never started the recording" }
    : { code: "media_lost", message: "The video provider knows nothing of the recording any more" };
}

/** The meeting may be recorded again while the provider still writes: `processing` does not hold the open place. */
async function settleFinishing(
  services: RecordingServices,
  recording: Recording,
  { providerRef }: Extract<Ended, { status: "finishing" }>,
  at: number,
) {
  if (services.video.capabilities.composesLocally) return settleUnsealed(services, recording, at);
  if (recording.state === "processing")
    return giveUpOrRetry(services, recording, at, "file_missing");
  return services.db.transaction((tx) =>
    advanceRecording(tx, recording.id, "processing", {
      stoppedAt: recording.stopRequestedAt ?? at,
      providerRef,
      deadlineAt: at + processingPollMs,
    }),
  );
}

/** What is composed here is `processing` only once it is sealed: nothing later tells its tracks and gaps. */
function settleUnsealed(services: RecordingServices, recording: Recording, at: number) {
  if (recording.state === "stopping")
    return giveUpOrRetry(services, recording, at, "stop_unconfirmed", patience.finishing);
  return services.db.transaction((tx) =>
    advanceRecording(tx, recording.id, "stopping", {
      stopRequestedAt: at,
      deadlineAt: at + retryMs,
    }),
  );
}

/** The worker that makes its file finishes a recording; this is the net under it. */
async function settleProcessing(services: RecordingServices, recording: Recording, at: number) {
  if (services.video.capabilities.composesLocally) return settleRendition(services, recording);
  const ref = await askedOf(services, recording);
  return ref.file === undefined
    ? settleRemoteFile(services, recording, ref, at)
    : settleRendition(services, recording);
}

function settleRendition({ db }: RecordingServices, recording: Recording) {
  return db.transaction(async (tx) => {
    const look = configOf(recording);
    const rendition =
      (await findRenditionByConfig(tx, recording.id, look)) ??
      (await ensureRendition(tx, recording, look, recording.startedBy));
    if (rendition.state === "ready") await recordReady(tx, recording);
    else await postponeRecording(tx, recording, (await now(tx)) + processingPollMs);
  });
}

/** The provider's file is taken once it is listed. */
async function settleRemoteFile(
  services: RecordingServices,
  recording: Recording,
  ref: RecordingRef,
  at: number,
) {
  const answer = await services.video.recordingState(ref);
  if (answer.status === "sealed") return sealFrom(services, recording, answer);
  if (answer.status === "absent" || answer.status === "failed")
    return settleEnded(services, recording, answer, at);
  return giveUpOrRetry(services, recording, at, "file_missing");
}

async function giveUpOrRetry(
  services: RecordingServices,
  recording: Recording,
  at: number,
  code: string,
  limit: number | undefined = limitOf(recording),
): Promise<unknown> {
  const { db, video } = services;
  const waitedMs = at - (recording.stopRequestedAt ?? recording.requestedAt);
  if (limit !== undefined && waitedMs > limit) {
    return fail(services, recording, at, {
      code,
      message: video.capabilities.composesLocally
        ? "The video provider did not answer in time; what it holds may still be found there"
        : "The video provider has not made the file in time; if it comes within two weeks, it is taken",
    });
  }
  return db.transaction(async (tx) => {
    const pauseMs = video.capabilities.composesLocally
      ? retryMs
      : remotePollMs(waitedMs, await asking(tx), paceOf(recording));
    await postponeRecording(tx, recording, at + pauseMs);
  });
}

/** Somebody waits for a start, and for a stop: what is said then is still recorded. */
function paceOf(recording: Recording): Pace {
  const isUrgent = recording.state === "starting" || recording.state === "stopping";
  return { spread: spreadOf(recording), isUrgent: isUrgent && recording.deletedAt === null };
}

/** A purge is never given up. */
function limitOf(recording: Recording): number | undefined {
  if (recording.deletedAt !== null) return undefined;
  switch (recording.state) {
    case "starting":
      return patience.starting;
    case "stopping":
      return patience.stopping;
    case "processing":
      return patience.finishing;
    default:
      return undefined;
  }
}
