import { AppError } from "../../core/errors.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { gone, type Recording, refOf } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { carryOutPause, isPaused, wishPause } from "./pauseWish.ts";
import { sealFrom } from "./seal.ts";

export interface PauseAnswer {
  success: true;
  paused: boolean;
  /** Since when, epoch ms of the recorder. */
  pausedAt?: number;
}

/**
 * Leaves out of a running recording what happens from now on; the caller is known to be a host of its meeting.
 * Answers only when the provider has confirmed: nothing after that is stored. A repeat changes nothing.
 * @throws AppError VALIDATION_ERROR (`pause_unsupported`), NOT_FOUND (deleted), CONFLICT (not `recording`, with `metadata.state`;
 * `too_many_pauses`), STREAM_ERROR and EXTERNAL_SERVICE_TIMEOUT (not confirmed; the wish is durable and carried out as soon as possible)
 */
export function pauseRecording(
  services: RecordingServices,
  userId: string,
  recordingId: string,
): Promise<PauseAnswer> {
  return setPaused(services, userId, recordingId, true);
}

/** Goes on with a paused recording, in the same file. Answers as `pauseRecording`. @throws as `pauseRecording` */
export function resumeRecording(
  services: RecordingServices,
  userId: string,
  recordingId: string,
): Promise<PauseAnswer> {
  return setPaused(services, userId, recordingId, false);
}

async function setPaused(
  services: RecordingServices,
  userId: string,
  recordingId: string,
  paused: boolean,
): Promise<PauseAnswer> {
  if (!services.video.capabilities.pauses) throw unsupported(services.video.name);
  const recording = await services.db.transaction((tx) =>
    wishPause(tx, recordingId, paused, userId),
  );
  if (recording.deletedAt !== null) throw gone(recording);
  if (recording.state !== "recording") throw notRunning(recording);
  const answer = await askProvider(services, recording, paused);
  if (answer.status !== "recording") throw notRunning(await ended(services, recording, answer));
  const { pausedAt } = answer;
  return { success: true, paused: isPaused(answer), ...(pausedAt ? { pausedAt } : {}) };
}

async function askProvider(services: RecordingServices, recording: Recording, paused: boolean) {
  const { video } = services;
  const ref = refOf(recording);
  const answer = await (paused ? video.pauseRecording(ref) : video.resumeRecording(ref));
  return carryOutPause(services, recording, answer);
}

/** The provider ended it by itself: what it holds is taken over now or by settle. */
async function ended(
  services: RecordingServices,
  recording: Recording,
  answer: ProviderRecording,
): Promise<Recording> {
  return answer.status === "sealed" ? sealFrom(services, recording, answer) : recording;
}

function notRunning({ id, state }: Recording): AppError {
  return new AppError("CONFLICT", "Only a running recording can be paused or resumed", {
    recordingId: id,
    state,
  });
}

function unsupported(provider: string): AppError {
  return new AppError("VALIDATION_ERROR", "Recordings of this server cannot be paused", {
    reason: "pause_unsupported",
    provider,
  });
}
