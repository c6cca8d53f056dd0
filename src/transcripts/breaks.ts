import { AppError } from "../core/errors.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";

/** When nothing is written down of a meeting, epoch ms; null: until further notice. */
export interface Break {
  fromMs: number;
  toMs: number | null;
}

/** Breaks of one meeting: each is looked at with every line. */
const mostBreaks = 200;

const breaksOf = statement<Break>(
  "breaks.list",
  `SELECT from_ms AS "fromMs", to_ms AS "toMs" FROM transcription_breaks WHERE meeting_id = $1 ORDER BY from_ms`,
);

const begin = statement(
  "breaks.begin",
  "INSERT INTO transcription_breaks (meeting_id, from_ms, to_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
);

const end = statement(
  "breaks.end",
  "UPDATE transcription_breaks SET to_ms = $2 WHERE meeting_id = $1 AND to_ms IS NULL",
);

/** In the order of time. */
export function breaksIn(tx: ReadTx, meetingId: string): Promise<Break[]> {
  return tx.all(breaksOf, [meetingId]);
}

/** Whether any of it was said in a break. */
export function isInBreak(
  breaks: readonly Break[],
  { startMs, endMs }: { startMs: number; endMs: number },
): boolean {
  return breaks.some(({ fromMs, toMs }) => endMs > fromMs && (toMs === null || startMs < toMs));
}

/** From now on nothing is written down. @throws AppError CONFLICT `too_many_breaks` */
export async function beginBreak(tx: Tx, meetingId: string, fromMs: number): Promise<void> {
  const breaks = await breaksIn(tx, meetingId);
  if (breaks.length >= mostBreaks)
    throw new AppError("CONFLICT", "Transcription was turned off too often in this meeting", {
      ...{ meetingId, reason: "too_many_breaks", limit: mostBreaks },
    });
  await tx.run(begin, [meetingId, fromMs, null]);
}

/** What is said from now on is written down; where that was never turned off, nothing was since the meeting began. */
export async function endBreak(
  tx: Tx,
  meetingId: string,
  { startedAt, now }: { startedAt: number; now: number },
): Promise<void> {
  if ((await tx.run(end, [meetingId, now])) === 0) await tx.run(begin, [meetingId, startedAt, now]);
}
