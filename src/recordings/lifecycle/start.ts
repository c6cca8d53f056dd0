import { AppError, isAppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { ensureRoom } from "../../meetings/room/room.ts";
import { type ProviderRecording, type RecordingRef, stoppedBeforeStart } from "../../video/port.ts";
import { configOf, type Recording, recordingUrl, refOf } from "../recording.ts";
import { type RequestedConfig, resolveConfig } from "../rules.ts";
import type { RecordingServices } from "../services.ts";
import { keepProviderRef, requireRecording } from "../store.ts";
import { type Admission, admitStart, type StartRequest } from "./admission.ts";
import { recordFailure, recordStarted } from "./outcome.ts";
import { requestStop } from "./requestStop.ts";
import { sealFrom } from "./seal.ts";
import { waitForState } from "./waitForState.ts";

/** All a start may take, waiting and retries included, ms. */
export const startBudgetMs = 10_000;

/** How often an accepted start is looked at until the provider confirms it, ms. */
const confirmPollMs = 1_000;

export interface StartArguments {
  meetingId: string;
  recordingConfig?: RequestedConfig | undefined;
}

export interface StartAnswer {
  recordingId: string;
  recordingUrl: string;
  success: true;
}

/**
 * Starts recording a meeting; the caller is known to be its host.
 * Answers only when the provider has confirmed. A repeat of a start that runs answers with the same recording.
 * @throws AppError VALIDATION_ERROR (mode, tier, permission, quota), MEETING_NOT_ACTIVE, CONFLICT (another recording is open, or
 * still being stopped; the one that is repeated was stopped before it had begun), RATE_LIMIT_EXCEEDED (3 starts in any 60 s), STREAM_ERROR (`disk_reserve`: nothing was started; else the
 * provider refused and the recording is `failed`), EXTERNAL_SERVICE_TIMEOUT (not known in 10 s; `metadata.recordingId` is settled by
 * itself; with `breaker: "open"` nothing was sent and it is `failed`)
 */
export async function startRecording(
  services: RecordingServices,
  userId: string,
  args: StartArguments,
): Promise<StartAnswer> {
  const request: StartRequest = {
    meetingId: args.meetingId,
    userId,
    config: orThrow(resolveConfig(args.recordingConfig)),
  };
  const deadline = services.clock.now() + startBudgetMs;
  const recording = await admitWhenFree(services, request, deadline);
  return {
    recordingId: recording.id,
    recordingUrl: recordingUrl(services.publicUrl(), recording),
    success: true,
  };
}

/** Admits, or joins what is there; a recording being stopped is waited for, because its place is about to be free. */
async function admitWhenFree(
  services: RecordingServices,
  request: StartRequest,
  deadline: number,
): Promise<Recording> {
  for (;;) {
    const admission = await admitOnce(services, request);
    if (admission.kind === "admitted") return launch(services, admission, deadline);
    const wanted = admission.kind === "repeated" ? isConfirmed : hasLeftOpen;
    const later = await waitForState(services, admission.recording, wanted, deadline);
    if (admission.kind === "repeated") return outcomeOf(later);
    if (!hasLeftOpen(later)) throw stillStopping(later);
  }
}

async function admitOnce(services: RecordingServices, request: StartRequest) {
  const { config, video } = services;
  await requireFreeDisk(services);
  return services.db.transaction((tx) =>
    admitStart(tx, request, {
      provider: video.name,
      siteId: services.siteId,
      maxDurationMs: config.recordingMaxSeconds * 1000,
      quotaBytes: config.quotaBytes,
    }),
  );
}

async function requireFreeDisk({ config, video, freeDiskBytes }: RecordingServices) {
  if (!video.capabilities.composesLocally) return;
  const freeBytes = await freeDiskBytes();
  if (freeBytes >= config.diskReserveBytes) return;
  throw new AppError(
    "STREAM_ERROR",
    "There is not enough free disk space to record; the operator has to make room",
    {
      operation: "startRecording",
      reason: "disk_reserve",
      freeBytes,
      reserveBytes: config.diskReserveBytes,
      retryAfterMs: 60_000,
    },
  );
}

/** Asks the provider and records its answer; whatever is not known by then is left to settle. */
async function launch(
  services: RecordingServices,
  { recording, meeting }: Extract<Admission, { kind: "admitted" }>,
  deadline: number,
): Promise<Recording> {
  try {
    if (meeting.roomId === null) await ensureRoom(services, meeting.id);
    const answer = await confirmed(services, recording, deadline);
    return await conclude(services, recording, answer);
  } catch (error) {
    throw await refuseOrLeave(services, recording, error);
  }
}

async function confirmed(
  services: RecordingServices,
  recording: Recording,
  deadline: number,
): Promise<ProviderRecording> {
  const { db, video, clock } = services;
  let answer = await video.startRecording({
    ...refOf(recording),
    config: configOf(recording),
    maxDurationMs: recording.maxDurationMs,
    isWanted: () => isStarting(services, recording),
  });
  let ref = refOf(recording);
  while (answer.status === "starting" && clock.now() < deadline) {
    const { providerRef } = answer;
    // Whoever goes on with it, should we die here, has to know that it was accepted.
    if (providerRef && ref.providerRef === undefined)
      await db.transaction((tx) => keepProviderRef(tx, recording.id, providerRef));
    if (providerRef) ref = { ...ref, providerRef };
    await clock.sleep(confirmPollMs);
    answer = await looked(services, ref, answer);
  }
  return answer;
}

/** What the provider shows now; a look that is refused says nothing of the start, which was accepted. */
async function looked(
  { video }: RecordingServices,
  ref: RecordingRef,
  known: ProviderRecording,
): Promise<ProviderRecording> {
  try {
    return await video.recordingState(ref);
  } catch (error) {
    if (isAppError(error)) return known;
    throw error;
  }
}

async function isStarting({ db }: RecordingServices, { id }: Recording): Promise<boolean> {
  const { state } = await db.read((tx) => requireRecording(tx, id));
  return state === "starting";
}

async function conclude(
  services: RecordingServices,
  recording: Recording,
  answer: ProviderRecording,
): Promise<Recording> {
  switch (answer.status) {
    case "recording":
      return recordStarted(services, recording, answer);
    case "sealed":
      return sealFrom(services, recording, answer);
    case "finishing":
      return outcomeOf(
        await services.db.transaction((tx) =>
          requestStop(tx, recording.id, { reason: "provider_ended" }),
        ),
      );
    case "starting":
      throw timedOut(services, "the provider has accepted the start but not confirmed it yet");
    case "absent":
    case "failed":
      throw new AppError("STREAM_ERROR", "The video provider did not start the recording", {
        operation: "startRecording",
        reason: answer.status === "failed" ? answer.reason : "absent",
      });
    default:
      return answer satisfies never;
  }
}

function timedOut(services: RecordingServices, detail: string): AppError {
  return new AppError("EXTERNAL_SERVICE_TIMEOUT", `Not known in time: ${detail}`, {
    service: services.video.name,
    timeoutMs: startBudgetMs,
  });
}

/** A definite refusal fails the recording now; an ambiguous failure leaves it `starting` for settle. */
async function refuseOrLeave(
  services: RecordingServices,
  recording: Recording,
  error: unknown,
): Promise<unknown> {
  if (!isAppError(error)) return error;
  const metadata = { ...error.metadata, recordingId: recording.id };
  const told = new AppError(error.code, error.message, metadata, error);
  const neverSent = error.metadata?.["breaker"] === "open";
  if (error.code === "EXTERNAL_SERVICE_TIMEOUT" && !neverSent) return told;
  if (error.metadata?.["reason"] === "stopped_before_start") return told;
  await recordFailure(services, recording, { code: error.code, message: error.message });
  return told;
}

const isConfirmed = (recording: Recording) => recording.state !== "starting";

const hasLeftOpen = (recording: Recording) =>
  !["starting", "recording", "stopping"].includes(recording.state);

/** What a start is told that somebody else goes on with: exactly what became of it. */
function outcomeOf(recording: Recording): Recording {
  if (recording.state === "starting") {
    throw new AppError("EXTERNAL_SERVICE_TIMEOUT", "The start is not confirmed yet; ask again", {
      recordingId: recording.id,
      timeoutMs: startBudgetMs,
    });
  }
  if (recording.state === "failed") {
    throw new AppError("STREAM_ERROR", recording.errorMessage ?? "The recording failed", {
      recordingId: recording.id,
      reason: recording.errorCode ?? "failed",
    });
  }
  if (recording.startedAt === null)
    throw stoppedBeforeStart({ recordingId: recording.id, state: recording.state });
  return recording;
}

function stillStopping(recording: Recording): AppError {
  return new AppError("CONFLICT", "The last recording is still being stopped; try again", {
    recordingId: recording.id,
    state: recording.state,
    retryAfterMs: 1000,
  });
}
