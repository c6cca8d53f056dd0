import { namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import { forgetQuotes } from "../insights/forget.ts";
import type { NewLine } from "./line.ts";

/** What was deleted of a transcript. */
export interface Erasure {
  /** What was heard in it, and sent while it ran; null: whatever was said. */
  recordingId: string | null;
  /** What that person said; null: everybody. */
  speakerId: string | null;
  /** What began to be said then, epoch ms. */
  fromMs: number;
  untilMs: number;
}

type Values = Erasure & { meetingId: string };

const erasuresOf = statement<Erasure>(
  "erasures.list",
  `SELECT recording_id AS "recordingId", speaker_id AS "speakerId", from_ms AS "fromMs", until_ms AS "untilMs"
   FROM transcript_erasures WHERE meeting_id = $1`,
);

/** One of each kind in a meeting, so that they are no more than its people and recordings. */
const keep = namedStatement<never, Values>(
  "erasures.keep",
  `INSERT INTO transcript_erasures AS e (meeting_id, recording_id, speaker_id, from_ms, until_ms)
   VALUES (:meetingId, :recordingId, :speakerId, :fromMs, :untilMs)
   ON CONFLICT (meeting_id, recording_id, speaker_id) DO UPDATE SET
     from_ms = least(e.from_ms, EXCLUDED.from_ms), until_ms = greatest(e.until_ms, EXCLUDED.until_ms)`,
);

const removeLines = namedStatement<never, Values>(
  "erasures.removeLines",
  `DELETE FROM transcripts WHERE meeting_id = :meetingId AND start_ms >= :fromMs AND start_ms < :untilMs
     AND (:recordingId::text IS NULL OR recording_id IS NULL OR recording_id = :recordingId)
     AND (:speakerId::text IS NULL OR speaker_id = :speakerId OR speaker_id IS NULL AND author_id = :speakerId)`,
);

export function erasuresIn(tx: ReadTx, meetingId: string): Promise<Erasure[]> {
  return tx.all(erasuresOf, [meetingId]);
}

/** By whom something was said, and when. */
export type Said = Pick<NewLine, "startMs" | "endMs" | "speakerId" | "authorId" | "recordingId">;

/** Whether it was deleted, or would have been. */
export function isErased(
  erasures: readonly Erasure[],
  { startMs, speakerId, authorId, recordingId }: Said,
): boolean {
  const whose = speakerId ?? authorId;
  return erasures.some(
    (erasure) =>
      startMs >= erasure.fromMs &&
      startMs < erasure.untilMs &&
      (erasure.speakerId === null || erasure.speakerId === whose) &&
      (erasure.recordingId === null ||
        recordingId === undefined ||
        recordingId === erasure.recordingId),
  );
}

/** As `isErased`, of what any of the meeting's people may have said: where somebody's words were deleted, it may be theirs. */
export function isErasedForAnybody(erasures: readonly Erasure[], said: Said): boolean {
  return isErased(
    erasures.map((erasure) => ({ ...erasure, speakerId: null })),
    said,
  );
}

/** Deletes lines for good, in a meeting that is locked. @returns how many */
export async function eraseLines(tx: Tx, meetingId: string, erasure: Erasure): Promise<number> {
  const values = { meetingId, ...erasure };
  await tx.run(keep, keep.bind(values));
  const lines = await tx.run(removeLines, removeLines.bind(values));
  if (lines > 0) {
    tx.writes(`transcript:${meetingId}`);
    await forgetQuotes(tx, meetingId);
  }
  return lines;
}
