import { rm } from "node:fs/promises";
import { errorCode, isMissing } from "../../core/errorCode.ts";
import { NotACaptureError } from "../../media/format/log/captureFolder.ts";
import { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import type { CaptureTarget } from "../contract/unsealed.ts";

type Deps = Parameters<typeof CaptureWriter.create>[2];

/** A new capture, or the one a repeat or a crash left at the same place. */
export async function openCapture(target: CaptureTarget, deps: Deps): Promise<CaptureWriter> {
  const { dir, recordingId, roomId, maxDurationMs } = target;
  const create = () => CaptureWriter.create(dir, { recordingId, roomId, maxDurationMs }, deps);
  try {
    return await create();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  try {
    return await CaptureWriter.recover(dir, deps);
  } catch (error) {
    if (!(error instanceof NotACaptureError) && !isMissing(error)) throw error;
  }
  // Killed before its start was durable, so nothing was acknowledged.
  await rm(dir, { recursive: true, force: true });
  return create();
}
