import { type AuditEntry, recordAudit, recordEvent } from "../../audit/record.ts";
import type { Log } from "../../core/log.ts";
import type { Tx } from "../../db/port.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { emit } from "../../webhooks/emit.ts";
import type { Recording } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { advanceRecording, now, requireRecording } from "../store.ts";
import { webhookData } from "../webhookData.ts";

/** Why a recording failed: a stable code and words for people. */
export interface Failure {
  code: string;
  message: string;
}

/** The provider records. */
export type Started = Extract<ProviderRecording, { status: "recording" }>;

/** The provider has confirmed: `recording`, with audit and event, in one transaction. */
export async function recordStarted(
  { db, video, log }: RecordingServices,
  recording: Recording,
  started: Started,
): Promise<Recording> {
  const latest = await db.transaction(async (tx) => {
    const moved = await advanceRecording(tx, recording.id, "recording", {
      startedAt: started.startedAt,
      providerRef: started.providerRef,
      deadlineAt: (await now(tx)) + video.capabilities.statePollMs,
    });
    if (moved) await announce(tx, moved, "recording_started", { startedAt: started.startedAt });
    return moved ?? requireRecording(tx, recording.id);
  });
  logMove(log, latest);
  return latest;
}

/** Ends a recording as `failed`; keeps what is known of it. It is looked for again at `lookAgainAt` (epoch ms), if at all. */
export async function recordFailure(
  { db, log }: Pick<RecordingServices, "db" | "log">,
  recording: Recording,
  failure: Failure,
  lookAgainAt?: number,
): Promise<Recording> {
  const latest = await db.transaction((tx) => failRecording(tx, recording, failure, lookAgainAt));
  logMove(log, latest);
  return latest;
}

/** One line for operators about where a recording is now. */
export function logMove(log: Log, recording: Recording): void {
  const { id: recordingId, meetingId, state, stopReason, errorCode } = recording;
  log.info({ recordingId, meetingId, state, stopReason, errorCode }, `recording is ${state}`);
}

export async function failRecording(
  tx: Tx,
  recording: Recording,
  failure: Failure,
  lookAgainAt?: number,
): Promise<Recording> {
  const stoppedAt = recording.startedAt === null ? {} : { stoppedAt: await now(tx) };
  const moved = await advanceRecording(tx, recording.id, "failed", {
    error: failure,
    ...(lookAgainAt === undefined ? {} : { deadlineAt: lookAgainAt }),
    ...(recording.stoppedAt === null ? stoppedAt : {}),
  });
  if (moved) await announce(tx, moved, "recording_failed", { ...failure });
  return moved ?? requireRecording(tx, recording.id);
}

/** One audit entry and one event for a move the server made itself or completed; told to webhooks. */
export async function announce(
  tx: Tx,
  recording: Recording,
  type: string,
  data: Record<string, string | number | boolean | null>,
  actorUserId: string | null = null,
): Promise<void> {
  const { id: recordingId, meetingId, orgId } = recording;
  const audit: AuditEntry = {
    ...(actorUserId === null ? {} : { actorUserId }),
    meetingId,
    resourceType: "recording",
    resourceId: recordingId,
    action: type.replace("recording_", "recording."),
    metadata: data,
  };
  // Said in one go: one round trip.
  await Promise.all([
    recordEvent(tx, { meetingId, recordingId, type, data }),
    recordAudit(tx, audit),
    emit(tx, { orgId, type, meetingId, recordingId, data: webhookData(recording) }),
  ]);
}

/** The requested file is there; `stoppedAt` where only the file tells how long it is, epoch ms. */
export async function recordReady(
  tx: Tx,
  recording: Recording,
  stoppedAt?: number,
): Promise<Recording | undefined> {
  const change = stoppedAt === undefined ? {} : { stoppedAt };
  const moved = await advanceRecording(tx, recording.id, "ready", change);
  if (moved) await announce(tx, moved, "recording_ready", {});
  return moved;
}
