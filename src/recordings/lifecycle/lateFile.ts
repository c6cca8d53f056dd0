import type { ProviderRecording } from "../../video/port.ts";
import { asking } from "../notices.ts";
import { refWithFiles } from "../providerFiles.ts";
import type { Recording } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { findOpenRecording, keepProviderRef, postponeRecording } from "../store.ts";
import { crowdMs, fileRetentionMs, lateFilePollMs, spreadOf } from "./deadlines.ts";
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
  const answer = await stopUnowned(services, recording);
  if (answer.status === "sealed") return sealFrom(services, recording, answer);
  return services.db.transaction(async (tx) => {
    const next = nextLook(recording, at);
    const crowded = at + crowdMs(await asking(tx), { spread: spreadOf(recording) });
    await postponeRecording(tx, recording, next === undefined ? null : Math.max(next, crowded));
  });
}

/** Stops what runs although nobody owns it, and keeps that it ran: a file comes of it. @returns what the provider shows */
export async function stopUnowned(
  { db, video, log }: RecordingServices,
  recording: Recording,
): Promise<ProviderRecording> {
  const { id: recordingId, meetingId } = recording;
  const [ref, open] = await db.read((tx) =>
    Promise.all([refWithFiles(tx, recording), findOpenRecording(tx, meetingId)]),
  );
  const answer = await video.recordingState(ref);
  // A call has one recording: while the meeting has an open one, it is that one which runs.
  if (answer.status !== "recording" || open) return answer;
  const { providerRef } = answer;
  if (providerRef) await db.transaction((tx) => keepProviderRef(tx, recordingId, providerRef));
  log.warn({ recordingId, meetingId }, "a recording that was given up runs; stopping it");
  await video.stopRecording(ref);
  return answer;
}

function nextLook({ requestedAt }: Recording, at: number): number | undefined {
  const ageMs = at - requestedAt;
  return ageMs > fileRetentionMs ? undefined : at + lateFilePollMs(ageMs);
}
