import { type ReadTx, statement } from "../../db/port.ts";
import type { Recording } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import type { StopReason } from "./requestStop.ts";

const attendance = statement<{ present: number; lastLeftAt: number | null; meetingState: string }>(
  "recordings.attendance",
  `SELECT count(*) FILTER (WHERE p.in_room) AS present, max(p.left_at) AS "lastLeftAt",
     min(m.state) AS "meetingState"
   FROM meetings m LEFT JOIN meeting_participants p ON p.meeting_id = m.id
   WHERE m.id = $1`,
);

/** Whether a running recording has to end by itself now (epoch ms), and why. */
export async function shouldStop(
  tx: ReadTx,
  { config, video }: RecordingServices,
  recording: Recording,
  at: number,
): Promise<StopReason | undefined> {
  // `startedAt` is the recorder's clock, which may differ from the database's that `at` is of.
  const { requestedAt, maxDurationMs, meetingId } = recording;
  if (at - requestedAt >= maxDurationMs) return "max_duration";
  const facts = await tx.first(attendance, [meetingId]);
  if (facts?.meetingState !== "active") return "meeting_ended";
  if (!video.capabilities.reportsPresence || facts.present > 0) return undefined;
  const emptySince = Math.max(requestedAt, facts.lastLeftAt ?? 0);
  return at - emptySince >= config.recordingEmptySeconds * 1000 ? "empty" : undefined;
}
