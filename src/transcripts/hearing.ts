import { AppError } from "../core/errors.ts";
import { statement, type Tx } from "../db/port.ts";
import type { Heard } from "../media/transcribe/protocol.ts";
import { isWithinReach } from "../recordings/sites.ts";
import { breaksIn, isInBreak } from "./breaks.ts";
import { erasuresIn, isErased, isErasedForAnybody, type Said } from "./erasures.ts";
import type { StoredFile } from "./heardFile.ts";
import type { NewLine } from "./line.ts";
import { maxHeardLines } from "./rules.ts";
import { writeLines } from "./store.ts";

/** A recording that this worker listens to now. */
export interface Hearing {
  recordingId: string;
  meetingId: string;
  roomId: string;
  /** By track, ms of media time. */
  heard: Record<string, number>;
  attempts: number;
  /** The finished file of a provider that mixes all voices into one; null where there are tracks. */
  file: (StoredFile & { startedAt: number }) | null;
}

/** Of a paid meeting whose host leaves it on; what has ended long ago is listened to only when somebody asks. */
const begin = statement<{ meetingId: string }>(
  "hearing.begin",
  `WITH begun AS (
   INSERT INTO recording_transcripts (recording_id)
   SELECT r.id FROM recordings r JOIN meetings m ON m.id = r.meeting_id
   WHERE r.state IN ('recording', 'stopping', 'processing') AND r.provider = 'embedded' AND r.deleted_at IS NULL
     AND m.transcription_enabled AND m.tier = 'paid'
     AND NOT EXISTS (SELECT 1 FROM recording_transcripts t WHERE t.recording_id = r.id)
   ON CONFLICT DO NOTHING RETURNING recording_id)
   SELECT r.meeting_id AS "meetingId" FROM begun JOIN recordings r ON r.id = begun.recording_id`,
);

/** Nothing where it is heard already, or was to its end. What was postponed is not waited for. */
const ask = statement(
  "hearing.ask",
  `INSERT INTO recording_transcripts AS t (recording_id) VALUES ($1)
   ON CONFLICT (recording_id) DO UPDATE SET state = 'listening', next_at = app_now(), updated_at = app_now(),
     attempts = CASE t.state WHEN 'listening' THEN t.attempts ELSE 0 END,
     error = CASE t.state WHEN 'listening' THEN t.error END
   WHERE t.state = 'failed' OR t.state = 'finished' AND t.error IS NOT NULL
     OR t.state = 'listening' AND t.next_at > app_now()`,
);

/** The oldest that nobody else listens to, nor this node itself. */
const claim = statement<Hearing>(
  "hearing.claim",
  `UPDATE recording_transcripts t SET owner = $1, lease_until = app_now() + $2 * interval '1 millisecond'
   FROM recordings r
   WHERE r.id = t.recording_id AND t.recording_id = (
     SELECT t.recording_id FROM recording_transcripts t JOIN recordings r ON r.id = t.recording_id
     WHERE t.state = 'listening' AND t.next_at <= app_now() AND r.deleted_at IS NULL AND ${isWithinReach("$3", "$4")}
       AND (t.lease_until IS NULL OR t.lease_until < app_now()) AND t.recording_id <> ALL($5)
     ORDER BY t.next_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED)
   RETURNING t.recording_id AS "recordingId", r.meeting_id AS "meetingId", coalesce(r.room_id, r.meeting_id) AS "roomId",
     t.heard, t.attempts, CASE WHEN r.provider <> 'embedded' THEN (
       SELECT jsonb_build_object('key', d.storage_key, 'sizeBytes', d.size_bytes,
         'startedAt', floor(extract(epoch FROM coalesce(r.started_at, r.requested_at)) * 1000))
       FROM renditions d WHERE d.recording_id = r.id AND d.state = 'ready' ORDER BY d.ready_at LIMIT 1) END AS file`,
);

const renew = statement(
  "hearing.renew",
  `UPDATE recording_transcripts SET lease_until = app_now() + $3 * interval '1 millisecond'
   WHERE recording_id = $1 AND owner = $2 AND state = 'listening'`,
);

/** Only of a recording that is still there, and only for whoever holds the lease. */
const keep = statement(
  "hearing.keep",
  `UPDATE recording_transcripts t SET heard = $3, attempts = 0, error = NULL, updated_at = app_now(),
     not_understood = not_understood + $4, not_understood_ms = not_understood_ms + $5
   FROM (SELECT id FROM recordings WHERE id = $1 AND deleted_at IS NULL FOR SHARE) r
   WHERE t.recording_id = r.id AND t.owner = $2 AND t.state = 'listening'`,
);

/** The share lock keeps transcription from being turned off, and lines from being deleted, between this look and our commit. */
const holdMeeting = statement(
  "hearing.holdMeeting",
  "SELECT 1 FROM meetings WHERE id = $1 FOR SHARE",
);

const countLines = statement<{ lines: number }>(
  "hearing.countLines",
  "SELECT last_sequence AS lines FROM transcriptions WHERE meeting_id = $1",
);

const end = statement(
  "hearing.end",
  `UPDATE recording_transcripts SET state = $3, error = $4, owner = NULL, lease_until = NULL, updated_at = app_now()
   WHERE recording_id = $1 AND owner = $2`,
);

const postpone = statement(
  "hearing.postpone",
  `UPDATE recording_transcripts SET attempts = $3, error = $4, next_at = app_now() + $5 * interval '1 millisecond',
     owner = NULL, lease_until = NULL, updated_at = app_now()
   WHERE recording_id = $1 AND owner = $2`,
);

/** Also of such to which nobody has listened. Those that run are listened to on: what is said from now on is to be there. */
const endAll = statement(
  "hearing.endAll",
  `INSERT INTO recording_transcripts AS t (recording_id, state)
   SELECT r.id, 'deleted' FROM recordings r
   WHERE r.meeting_id = $1 AND ($2::text IS NULL OR r.id = $2) AND r.state NOT IN ('starting', 'recording', 'stopping')
     AND r.deleted_at IS NULL
   ON CONFLICT (recording_id) DO UPDATE SET state = 'deleted', error = NULL, owner = NULL, lease_until = NULL,
     not_understood = 0, not_understood_ms = 0, updated_at = app_now()
   WHERE t.state <> 'deleted'`,
);

const remove = statement("hearing.remove", "DELETE FROM transcripts WHERE recording_id = $1");
const forget = statement(
  "hearing.forget",
  "DELETE FROM recording_transcripts WHERE recording_id = $1",
);

/** A worker, and the captures it can read. */
export interface Worker {
  owner: string;
  siteId: string | null;
  /** Whether archived captures can be fetched here. */
  fetches: boolean;
}

/** Notes the recordings that are to be listened to from now on. */
export async function beginHearing(tx: Tx): Promise<void> {
  const begun = await tx.all(begin);
  tx.writes(...begun.map(({ meetingId }) => `hearing:${meetingId}` as const));
}

/** Has a recording listened to from where that ended. @returns false where nothing changes */
export async function askHearing(
  tx: Tx,
  { id, meetingId }: { id: string; meetingId: string },
): Promise<boolean> {
  const isAsked = (await tx.run(ask, [id])) > 0;
  if (isAsked) tx.writes(`hearing:${meetingId}`);
  return isAsked;
}

/** Takes the next recording to listen to, other than those that this worker listens to already. */
export function claimHearing(
  tx: Tx,
  { owner, siteId, fetches }: Worker,
  leaseMs: number,
  heard: readonly string[],
): Promise<Hearing | undefined> {
  return tx.first(claim, [owner, leaseMs, siteId, fetches, heard]);
}

/** @returns false when the lease is lost */
export async function renewHearing(
  tx: Tx,
  { recordingId }: Hearing,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  return (await tx.run(renew, [recordingId, owner, leaseMs])) === 1;
}

/**
 * Writes what was heard, and how far, together: a line is never there twice and never missing, whoever dies. What was said while
 * that was not to be written down is left out, and what was deleted.
 * @throws AppError CONFLICT when the recording was deleted or somebody else listens to it
 */
export async function keepHeard(
  tx: Tx,
  { recordingId, meetingId, file }: Hearing,
  owner: string,
  { heard, lines, notUnderstood }: Heard,
): Promise<void> {
  await tx.first(holdMeeting, [meetingId]);
  const breaks = await breaksIn(tx, meetingId);
  const erasures = await erasuresIn(tx, meetingId);
  const isDeleted = file === null ? isErased : isErasedForAnybody;
  const isWanted = (line: Said) => !isInBreak(breaks, line) && !isDeleted(erasures, line);
  const unclear = notUnderstood.filter(({ userId: speakerId, ...time }) =>
    isWanted({ ...time, speakerId, authorId: null, recordingId }),
  );
  const unclearMs = unclear.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const kept = await tx.run(keep, [recordingId, owner, heard, unclear.length, unclearMs]);
  if (kept === 0)
    throw new AppError("CONFLICT", "The recording is not listened to any more", { recordingId });
  tx.writes(`hearing:${meetingId}`);
  if (lines.length === 0) return;
  const ofRecording = (line: Heard["lines"][number]): NewLine => ({
    ...{ text: line.text, confidence: line.confidence, startMs: line.startMs, endMs: line.endMs },
    ...{
      speakerId: line.userId,
      language: line.language,
      isInterim: false,
      authorId: null,
      recordingId,
    },
    sourceKey: `${recordingId}/${line.trackId}/${line.mediaMs}`,
  });
  const wanted = lines.map(ofRecording).filter(isWanted);
  const written = (await tx.first(countLines, [meetingId]))?.lines ?? 0;
  const room = wanted.slice(0, Math.max(0, maxHeardLines - written));
  if (room.length > 0) await writeLines(tx, meetingId, room);
}

const short = (text: string) => text.slice(0, 500);

/** All was heard that can be, or it never will be, and why. */
export async function endHearing(
  tx: Tx,
  { recordingId, meetingId }: Hearing,
  owner: string,
  { state, error }: { state: "finished" | "failed"; error: string },
): Promise<void> {
  tx.writes(`hearing:${meetingId}`);
  await tx.run(end, [recordingId, owner, state, error === "" ? null : short(error)]);
}

/** It is tried again, by whoever comes first. */
export async function postponeHearing(
  tx: Tx,
  { recordingId, meetingId, attempts }: Hearing,
  owner: string,
  { error, ms }: { error: string; ms: number },
): Promise<void> {
  tx.writes(`hearing:${meetingId}`);
  await tx.run(postpone, [recordingId, owner, attempts, short(error), ms]);
}

/** Nobody listens any more to the stopped recordings of a meeting, or to one of them. @returns to how many */
export async function endHearings(
  tx: Tx,
  meetingId: string,
  recordingId?: string,
): Promise<number> {
  const ended = await tx.run(endAll, [meetingId, recordingId ?? null]);
  if (ended > 0) tx.writes(`hearing:${meetingId}`);
  return ended;
}

/** What was heard in a recording goes with it. @returns whether there was something */
export async function removeHeard(
  tx: Tx,
  { id, meetingId }: { id: string; meetingId: string },
): Promise<boolean> {
  await tx.run(forget, [id]);
  const removed = await tx.run(remove, [id]);
  if (removed > 0) tx.writes(`transcript:${meetingId}`);
  return removed > 0;
}
