import type { RecordingPause } from "../core/recording.ts";
import { type ReadTx, statement } from "../db/port.ts";

/** Of what can be played. */
export interface RecordedStretch {
  recordingId: string;
  /** Epoch ms. */
  startedAt: number;
  stoppedAt: number;
  pauses: readonly RecordingPause[];
}

const findStretches = statement<RecordedStretch>(
  "recordings.stretches",
  `SELECT id AS "recordingId", started_at AS "startedAt", stopped_at AS "stoppedAt", pauses FROM recordings
   WHERE meeting_id = $1 AND deleted_at IS NULL AND started_at IS NOT NULL AND stopped_at IS NOT NULL
     AND (state <> 'failed' OR tracks <> '[]') ORDER BY started_at`,
);

/** What was recorded of a meeting and can be played. */
export function playableStretches(tx: ReadTx, meetingId: string): Promise<RecordedStretch[]> {
  tx.reads(`meeting:${meetingId}`);
  return tx.all(findStretches, [meetingId]);
}

/** The recording that a moment (epoch ms) is in, and where on its timeline, ms; of a pause the moment it ended. */
export function placeOf(
  stretches: readonly RecordedStretch[],
  at: number,
): { recordingId: string; ms: number } | undefined {
  const stretch = stretches.find(({ startedAt, stoppedAt }) => at >= startedAt && at < stoppedAt);
  if (!stretch) return undefined;
  const paused = stretch.pauses
    .filter(({ startedAt }) => startedAt <= at)
    .reduce((sum, { startedAt, endedAt }) => sum + Math.min(at, endedAt) - startedAt, 0);
  return { recordingId: stretch.recordingId, ms: at - stretch.startedAt - paused };
}
