import type { Tx } from "../../db/port.ts";
import type { Recording } from "../recording.ts";
import { advanceRecording, findOpenRecording, lockRecording, now } from "../store.ts";
import { announce } from "./outcome.ts";

export type StopReason = "host" | "meeting_ended" | "empty" | "max_duration" | "provider_ended";

export interface StopWish {
  reason: StopReason;
  actorUserId?: string;
  /** How long settle leaves the provider's part to the caller, ms; 0 = settle does it at once. */
  graceMs?: number;
}

/** Makes the wish to stop durable: from here on the recording ends, whatever happens to us. A repeat changes nothing. */
export async function requestStop(tx: Tx, id: string, wish: StopWish): Promise<Recording> {
  const recording = await lockRecording(tx, id);
  if (!recording) throw new Error(`recording ${id} has no row`);
  const at = await now(tx);
  const moved = await advanceRecording(tx, id, "stopping", {
    stopRequestedAt: at,
    stopReason: wish.reason,
    deadlineAt: at + (wish.graceMs ?? 0),
  });
  if (!moved) return recording;
  await announce(tx, moved, "recording_stopping", { reason: wish.reason }, wish.actorUserId);
  return moved;
}

/** Stops whatever recording the meeting has open, in the caller's transaction; settle does the rest. */
export async function requestStopForMeeting(
  tx: Tx,
  meetingId: string,
  wish: StopWish,
): Promise<void> {
  const open = await findOpenRecording(tx, meetingId);
  if (open) await requestStop(tx, open.id, wish);
}
