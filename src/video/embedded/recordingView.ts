import { access } from "node:fs/promises";
import { NotACaptureError } from "../../media/format/captureFolder.ts";
import { describeCapture } from "../../media/format/describe.ts";
import type { ProviderRecording } from "../port.ts";

/** What the folder of a capture that nobody writes says. An unsealed one is `finishing`: its sealing is still to come. */
export async function readCapture(dir: string): Promise<ProviderRecording> {
  if (!(await exists(dir))) return { status: "absent" };
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
    if (error instanceof NotACaptureError) return { status: "absent" };
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { status: "absent" };
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
