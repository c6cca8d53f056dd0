import { limitCalls } from "../../auth/limitedCalls.ts";
import { AppError } from "../../core/errors.ts";
import type { Tx } from "../../db/port.ts";
import { refWithFiles } from "../providerFiles.ts";
import { type Recording, recordedMs, recordingUrl } from "../recording.ts";
import { idleStopLimit } from "../rules.ts";
import type { RecordingServices } from "../services.ts";
import { isOpen } from "../states.ts";
import { findOpenRecording, findRecording, listRecordings } from "../store.ts";
import { requestStop } from "./requestStop.ts";
import { sealFrom } from "./seal.ts";

/** How long the caller's own stop may take before settle takes over, ms. */
const stopGraceMs = 12_000;

export interface StopArguments {
  meetingId: string;
  recordingId?: string | undefined;
}

export interface StopAnswer {
  success: true;
  recordingId: string;
  recordingUrl: string;
  /** Length of the recording without its pauses, ms; absent while the provider has not closed it yet. */
  duration?: number;
}

/**
 * Stops the meeting's recording; the caller is known to be a host. The wish is durable before the provider is
 * asked, so the answer is success also when the provider cannot be reached: settle ends the recording then.
 * A stop of an ended recording answers with that recording.
 * @throws AppError NOT_FOUND (no such recording, or none to stop), RATE_LIMIT_EXCEEDED (5 stops with nothing to stop in 60 s)
 */
export async function stopRecording(
  services: RecordingServices,
  userId: string,
  args: StopArguments,
): Promise<StopAnswer> {
  const wished = await services.db.transaction((tx) => wishStop(tx, userId, args));
  // Outside: a refusal inside would take the call out of the count that limits it.
  if (!wished) throw nothingToStop(args);
  const recording = wished.state === "stopping" ? await askProvider(services, wished) : wished;
  const duration = recordedMs(recording);
  return {
    success: true,
    recordingId: recording.id,
    recordingUrl: recordingUrl(services.publicUrl(), recording),
    ...(duration === null ? {} : { duration }),
  };
}

async function wishStop(
  tx: Tx,
  userId: string,
  args: StopArguments,
): Promise<Recording | undefined> {
  const open = await findOpenRecording(tx, args.meetingId);
  if (open && (args.recordingId === undefined || args.recordingId === open.id)) {
    const wish = { reason: "host", actorUserId: userId, graceMs: stopGraceMs } as const;
    const recording = await requestStop(tx, open.id, wish);
    if (isOpen(recording.state)) return recording;
  }
  await limitCalls(tx, userId, idleStopLimit);
  return endedRecording(tx, args);
}

async function endedRecording(tx: Tx, args: StopArguments): Promise<Recording | undefined> {
  const recording =
    args.recordingId === undefined
      ? (await listRecordings(tx, args.meetingId, 1))[0]
      : await findRecording(tx, args.recordingId);
  return recording?.meetingId === args.meetingId ? recording : undefined;
}

function nothingToStop({ meetingId, recordingId = meetingId }: StopArguments): AppError {
  return new AppError("NOT_FOUND", "There is no such recording of this meeting to stop", {
    id: recordingId,
  });
}

/** The provider's part; whatever goes wrong here is settle's, because the wish is durable. */
async function askProvider(services: RecordingServices, recording: Recording): Promise<Recording> {
  try {
    const ref = await services.db.read((tx) => refWithFiles(tx, recording));
    const answer = await services.video.stopRecording(ref);
    if (answer.status === "sealed") return await sealFrom(services, recording, answer);
  } catch (error) {
    services.log.warn(
      { err: error, recordingId: recording.id, meetingId: recording.meetingId },
      "the provider did not confirm a stop; settle goes on with it",
    );
  }
  return recording;
}
