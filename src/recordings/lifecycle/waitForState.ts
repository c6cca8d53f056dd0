import type { Recording } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { requireRecording } from "../store.ts";

const pollMs = 100;

/** Reads the recording until it is as `wanted` or `deadline` (epoch ms) has passed; returns the last reading. */
export async function waitForState(
  { db, clock }: Pick<RecordingServices, "db" | "clock">,
  recording: Recording,
  wanted: (recording: Recording) => boolean,
  deadline: number,
): Promise<Recording> {
  let latest = recording;
  while (!wanted(latest) && clock.now() < deadline) {
    await clock.sleep(pollMs);
    latest = await db.read((tx) => requireRecording(tx, recording.id));
  }
  return latest;
}
