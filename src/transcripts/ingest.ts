import type { Participant } from "../auth/identity.ts";
import { limitCalls } from "../auth/limitedCalls.ts";
import { AppError, isAppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";
import type { Meeting } from "../meetings/meeting.ts";
import { requireActive } from "../meetings/states.ts";
import { now } from "../meetings/store.ts";
import { breaksIn, isInBreak } from "./breaks.ts";
import { erasuresIn, isErased } from "./erasures.ts";
import { bucketOf, type NewLine } from "./line.ts";
import { type Chunk, ingestLimit, lineOf, maxLines, shareOf } from "./rules.ts";
import { numberOfLater, numberOfSame, writeLines } from "./store.ts";

type Transcribable = Pick<Meeting, "id" | "state" | "transcriptionEnabled"> & {
  startedAt: number;
  lines: number;
  /** Those that the author has sent. */
  own: number;
};

/** The share lock keeps the meeting from ending between this look and our commit: nothing is written after its end. */
const lockMeeting = statement<Transcribable>(
  "transcripts.lockMeeting",
  `SELECT m.id, m.state, m.transcription_enabled AS "transcriptionEnabled", m.started_at AS "startedAt",
     coalesce((SELECT last_sequence FROM transcriptions t WHERE t.meeting_id = m.id), 0) AS lines,
     coalesce((SELECT lines FROM transcript_authors a WHERE a.meeting_id = m.id AND a.user_id = $2), 0) AS own
   FROM meetings m WHERE m.id = $1 FOR SHARE OF m`,
);

const countOwn = statement(
  "transcripts.countOwn",
  `INSERT INTO transcript_authors AS a (meeting_id, user_id, lines) VALUES ($1, $2, 1)
   ON CONFLICT (meeting_id, user_id) DO UPDATE SET lines = a.lines + 1`,
);

export interface Ingested {
  sequence: number;
  bucketMs: number;
  rateLimitRemaining: number;
}

/**
 * Writes what somebody in a running meeting says was said; the same again changes nothing and is answered with the same
 * number.
 * @throws AppError MEETING_NOT_ACTIVE, what `lineOf` refuses with, VALIDATION_ERROR `transcription_off`, `transcript_deleted` or `too_many_lines`,
 * RATE_LIMIT_EXCEEDED (50 in any 60 s; with `retryAfterSeconds`, `resetTime`, `windowStart`)
 */
export async function ingestChunk(tx: Tx, author: Participant, chunk: Chunk): Promise<Ingested> {
  const { meetingId, userId } = author;
  const rateLimitRemaining = await limit(tx, userId);
  const meeting = await tx.first(lockMeeting, [meetingId, userId]);
  if (!meeting) throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  orThrow(requireActive(meeting));
  if (!meeting.transcriptionEnabled) throw notWanted(meetingId);
  const around = { startedAt: meeting.startedAt, now: await now(tx) };
  const line = orThrow(lineOf(chunk, author, around));
  if (isInBreak(await breaksIn(tx, meetingId), line)) throw notWanted(meetingId);
  if (isErased(await erasuresIn(tx, meetingId), line)) throw deleted(meetingId);
  const sequence =
    (await numberOfSame(tx, meetingId, line)) ??
    (await numberOfLater(tx, meetingId, line)) ??
    (await writeOwn(tx, author, meeting, line));
  return { sequence, bucketMs: bucketOf(line.startMs), rateLimitRemaining };
}

/** Calls of one author take turns: see `limitCalls`. */
async function writeOwn(
  tx: Tx,
  { meetingId, userId }: Participant,
  meeting: Transcribable,
  line: NewLine,
): Promise<number> {
  requireRoom(meeting);
  await tx.run(countOwn, [meetingId, userId]);
  return writeLines(tx, meetingId, [line]);
}

/** Refuses what is more than the meeting keeps, or than the author's share of that. */
function requireRoom({ lines, own }: Pick<Transcribable, "lines" | "own">): void {
  const full = (message: string, limit: number) =>
    new AppError("VALIDATION_ERROR", message, {
      ...{ field: "meetingId", reason: "too_many_lines", limit },
    });
  if (lines >= maxLines) throw full("The transcript of this meeting is full", maxLines);
  const share = shareOf({ lines, own });
  if (own >= share) throw full("You have sent your share of this meeting's transcript", share);
}

function notWanted(meetingId: string): AppError {
  return new AppError("VALIDATION_ERROR", "What is said now is not written down in this meeting", {
    field: "meetingId",
    reason: "transcription_off",
    meetingId,
  });
}

function deleted(meetingId: string): AppError {
  return new AppError("VALIDATION_ERROR", "What was said then has been deleted", {
    field: "startTime",
    reason: "transcript_deleted",
    meetingId,
  });
}

/** Tells whoever is over the limit also what the published API tells. */
async function limit(tx: Tx, userId: string): Promise<number> {
  try {
    return await limitCalls(tx, userId, ingestLimit);
  } catch (error) {
    if (!isAppError(error) || error.code !== "RATE_LIMIT_EXCEEDED") throw error;
    const retryAfterMs = Number(error.metadata?.["retryAfterMs"]);
    const resetTime = (await now(tx)) + retryAfterMs;
    throw new AppError(error.code, error.message, {
      ...error.metadata,
      retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
      resetTime,
      windowStart: resetTime - ingestLimit.windowMs,
    });
  }
}
