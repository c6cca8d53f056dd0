import { access } from "node:fs/promises";
import { isMissing } from "../../core/errorCode.ts";
import { describeCapture } from "../../media/format/describe.ts";
import { NotACaptureError } from "../../media/format/log/captureFolder.ts";
import { attemptsAt, mostAttempts } from "../../rooms/contract/attempts.ts";
import { endsSealed } from "../../rooms/contract/unsealed.ts";
import type { ProviderRecording } from "../port.ts";

/** What the folder of a capture that nobody writes says. An unsealed one is `finishing`: its sealing is still to come. */
export async function readCapture(dir: string): Promise<ProviderRecording> {
  if (!(await exists(dir))) return { status: "absent" };
  if (await isAbandoned(dir)) return unusable;
  try {
    const described = await describeCapture(dir);
    const { startedAt, stoppedAt, stopReason, hasMedia, gaps, pauses, tracks, problems, sealed } =
      described;
    if (!sealed) return { status: "finishing" };
    const reason = stopReason ?? "stopped";
    return {
      status: "sealed",
      startedAt,
      stoppedAt,
      stopReason: reason,
      hasMedia,
      gaps,
      pauses,
      tracks,
      problems,
      captureDir: dir,
    };
  } catch (error) {
    // Killed before its start was acknowledged.
    if (error instanceof NotACaptureError || isMissing(error)) return { status: "absent" };
    throw error;
  }
}

/** Nothing can be done with it, and nobody tries any more. */
const unusable: ProviderRecording = {
  status: "failed",
  reason: "the capture cannot be read: every process that tried has ended",
};

async function isAbandoned(dir: string): Promise<boolean> {
  if ((await attemptsAt(dir)) < mostAttempts.seal) return false;
  return !(await endsSealed(dir).catch(() => false));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
