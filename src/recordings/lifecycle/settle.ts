import { isAppError } from "../../core/errors.ts";
import { statement } from "../../db/port.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { configOf, type Recording, refOf } from "../recording.ts";
import { ensureRendition, findRenditionByConfig } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { isOfLostSite, isOfSite } from "../sites.ts";
import { advanceRecording, now, postponeRecording, recordingColumns } from "../store.ts";
import { shouldStop } from "./autoStop.ts";
import { leaseMs, patience, processingPollMs, retryMs } from "./deadlines.ts";
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
       AND (${isOfSite("$3")} OR (state IN ('starting', 'recording', 'stopping') AND ${isOfLostSite}))
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
    tx.all(claimDue, [services.nodeId, limit, services.siteId]),
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
    case "ready":
    case "failed":
      return Promise.resolve();
    default:
      return recording.state satisfies never;
  }
}

async function settleStarting(services: RecordingServices, recording: Recording, at: number) {
  const answer = await services.video.recordingState(refOf(recording));
  if (answer.status === "recording") return recordStarted(services, recording, answer);
  if (answer.status === "starting")
    return giveUpOrRetry(services, recording, at, "start_unconfirmed");
  return settleEnded(services, recording, answer, at);
}

async function settleRunning(services: RecordingServices, recording: Recording, at: number) {
  const seen = await services.video.recordingState(refOf(recording));
  const answer = await carryOutPause(services, recording, seen);
  if (answer.status !== "recording" && answer.status !== "starting")
    return settleEnded(services, recording, answer, at);
  return services.db.transaction(async (tx) => {
    const reason = await shouldStop(tx, services, recording, at);
    if (reason) await requestStop(tx, recording.id, { reason });
    else await postponeRecording(tx, recording, at + services.video.capabilities.statePollMs);
  });
}

async function settleStopping(services: RecordingServices, recording: Recording, at: number) {
  const answer = await services.video.stopRecording(refOf(recording));
  if (answer.status === "recording" || answer.status === "starting")
    return giveUpOrRetry(services, recording, at, "stop_unconfirmed");
  return settleEnded(services, recording, answer, at);
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
      return settleFinishing(services, recording, at);
    case "absent":
      return recordFailure(services, recording, absent(recording));
    case "failed":
      return recordFailure(services, recording, {
        code: "provider_failed",
        message: `The video provider ended the recording: ${answer.reason}`,
      });
    default:
      return answer satisfies never;
  }
}

function absent(recording: Recording): Failure {
  return recording.startedAt === null
    ? { code: "never_started", message: "The video provider never started the recording" }
    : { code: "media_lost", message: "The video provider knows nothing of the recording any more" };
}

/** The meeting may be recorded again while the provider still writes: `processing` does not hold the open place. */
async function settleFinishing(services: RecordingServices, recording: Recording, at: number) {
  if (services.video.capabilities.composesLocally) return settleUnsealed(services, recording, at);
  if (recording.state === "processing")
    return giveUpOrRetry(services, recording, at, "file_missing");
  return services.db.transaction((tx) =>
    advanceRecording(tx, recording.id, "processing", {
      stoppedAt: recording.stopRequestedAt ?? at,
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

/** The compose worker finishes a recording; this is the net under it. */
function settleProcessing(services: RecordingServices, recording: Recording, at: number) {
  return services.video.capabilities.composesLocally
    ? settleRendition(services, recording)
    : settleRemoteFile(services, recording, at);
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

/** A file the provider makes is not copied into our storage yet: said as it is, rather than `processing` for ever. */
async function settleRemoteFile(services: RecordingServices, recording: Recording, at: number) {
  const answer = await services.video.recordingState(refOf(recording));
  if (answer.status === "absent" || answer.status === "failed")
    return settleEnded(services, recording, answer, at);
  if (answer.status !== "sealed") return giveUpOrRetry(services, recording, at, "file_missing");
  return recordFailure(services, recording, {
    code: "file_at_provider",
    message: "The file is finished at the video provider; this server does not copy it yet",
  });
}

async function giveUpOrRetry(
  services: RecordingServices,
  recording: Recording,
  at: number,
  code: string,
  limit: number | undefined = limitOf(recording),
): Promise<unknown> {
  const waitingSince = recording.stopRequestedAt ?? recording.requestedAt;
  if (limit !== undefined && at - waitingSince > limit) {
    return recordFailure(services, recording, {
      code,
      message: "The video provider did not answer in time; what it holds may still be found there",
    });
  }
  return services.db.transaction((tx) => postponeRecording(tx, recording, at + retryMs));
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
