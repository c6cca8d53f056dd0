import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../core/errors.ts";
import { eventLogName, readEvents } from "../../media/format/log/eventLog.ts";

export interface CaptureTarget {
  recordingId: string;
  roomId: string;
  maxDurationMs: number;
  /** The folder of its files. */
  dir: string;
}

/** More than any last line of a sealed log. */
const tailBytes = 4096;
const parallel = 32;

/** Folder of one recording's capture below the recordings folder. */
export function captureFolder(recordingsDir: string, recordingId: string): string {
  return join(recordingsDir, recordingId, "capture");
}

/** Ids are used as folder names: nothing that could lead elsewhere. */
export function isRecordingId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id);
}

/** @throws AppError VALIDATION_ERROR for what is no recording's id */
export function checkId(recordingId: string): void {
  if (isRecordingId(recordingId)) return;
  throw new AppError("VALIDATION_ERROR", "Not a recording id.", { field: "recordingId" });
}

/** Captures that were begun and never sealed, as a killed process leaves them. Damaged ones are left out. */
export async function unsealedCaptures(recordingsDir: string): Promise<CaptureTarget[]> {
  const ids = (await readdir(recordingsDir).catch(() => [])).filter(isRecordingId);
  const found: CaptureTarget[] = [];
  for (let at = 0; at < ids.length; at += parallel) {
    const batch = ids
      .slice(at, at + parallel)
      .map((id) => unsealed(captureFolder(recordingsDir, id)));
    for (const target of await Promise.all(batch)) if (target) found.push(target);
  }
  return found;
}

async function unsealed(dir: string): Promise<CaptureTarget | undefined> {
  try {
    if (await endsSealed(dir)) return undefined;
    for await (const event of readEvents(dir)) {
      if (event.type === "captureStop") return undefined;
      if (event.type !== "captureStart") continue;
      const { recordingId, roomId, maxDurationMs } = event;
      return { recordingId, roomId, maxDurationMs, dir };
    }
  } catch {
    // No log or an unreadable one: nothing to continue.
  }
  return undefined;
}

/** Cheap for the many: the stop of a sealed capture is its last line. @throws Error with code ENOENT without a log */
export async function endsSealed(dir: string): Promise<boolean> {
  const handle = await open(join(dir, eventLogName), "r");
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    await handle.read(tail, 0, tail.length, size - tail.length);
    const last = tail.toString("utf8").trimEnd().split("\n").at(-1) ?? "";
    return last.startsWith('{"') && last.includes('"type":"captureStop"');
  } finally {
    await handle.close();
  }
}
