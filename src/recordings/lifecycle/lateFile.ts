import { refWithFiles } from "../providerFiles.ts";
import type { Recording } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { findOpenRecording, postponeRecording } from "../store.ts";
import { fileRetentionMs, lateFilePollMs } from "./deadlines.ts";
import type { Failure } from "./outcome.ts";
import { sealFrom } from "./seal.ts";

/** Failures after which the provider may still have, or make, the recording. */
const revivable = new Set([
  "never_started",
  "start_unconfirmed",
  "stop_unconfirmed",
  "file_missing",
  "media_lost",
  "provider_failed",
]);

/** When a recording that fails now is to be looked for again, epoch ms; undefined = never. */
export function lateFileDeadline(
  { video }: Pick<RecordingServices, "video">,
  recording: Recording,
  { code }: Failure,
  at: number,
): number | undefined {
  if (video.capabilities.composesLocally || !revivable.has(code)) return undefined;
  return nextLook(recording, at);
}

/**
 * A recording that was given up, of a provider that makes its file: the file is taken when it comes, and what runs there
 * although nobody owns it is stopped.
 */
export async function settleFailed(
  services: RecordingServices,
  recording: Recording,
  at: number,
): Promise<unknown> {
  const { db, video, log } = services;
  const [ref, open] = await db.read((tx) =>
    Promise.all([refWithFiles(tx, recording), findOpenRecording(tx, recording.meetingId)]),
  );
  const answer = await video.recordingState(ref);
  if (answer.status === "sealed") return sealFrom(services, recording, answer);
  // A call has one recording: while the meeting has an open one, it is that one which runs.
  if (answer.status === "recording" && !open) {
    const { id: recordingId, meetingId } = recording;
    log.warn({ recordingId, meetingId }, "a recording that was given up runs; stopping it");
    await video.stopRecording(ref);
  }
  return db.transaction((tx) => postponeRecording(tx, recording, nextLook(recording, at) ?? null));
}

function nextLook({ requestedAt }: Recording, at: number): number | undefined {
  const ageMs = at - requestedAt;
  return ageMs > fileRetentionMs ? undefined : at + lateFilePollMs(ageMs);
}
