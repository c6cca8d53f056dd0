import { statement, type Tx } from "../db/port.ts";

/** A meeting whose insights a worker makes now. */
export interface InsightJob {
  meetingId: string;
  attempts: number;
  /** Its recordings are still listened to. */
  isHeard: boolean;
}

/** What was said last is written down by then, ms. */
const afterEndMs = 30_000;
/** Whoever listens for longer than that after the end is not waited for. */
const longestWait = "12 hours";

const add = statement(
  "insightJobs.add",
  `INSERT INTO insight_jobs (meeting_id, next_at) VALUES ($1, app_now() + $2 * interval '1 millisecond')
   ON CONFLICT (meeting_id) DO UPDATE SET next_at = EXCLUDED.next_at, attempts = 0, error = NULL, owner = NULL,
     lease_until = NULL`,
);

const claim = statement<InsightJob>(
  "insightJobs.claim",
  `UPDATE insight_jobs j SET owner = $1, lease_until = app_now() + $2 * interval '1 millisecond'
   WHERE j.meeting_id = (
     SELECT meeting_id FROM insight_jobs
     WHERE next_at <= app_now() AND (lease_until IS NULL OR lease_until < app_now())
     ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
   RETURNING j.meeting_id AS "meetingId", j.attempts, EXISTS (
     SELECT 1 FROM recording_transcripts t JOIN recordings r ON r.id = t.recording_id
       JOIN meetings m ON m.id = r.meeting_id
     WHERE r.meeting_id = j.meeting_id AND r.deleted_at IS NULL AND t.state = 'listening'
       AND m.ended_at > app_now() - interval '${longestWait}') AS "isHeard"`,
);

const renew = statement(
  "insightJobs.renew",
  `UPDATE insight_jobs SET lease_until = app_now() + $3 * interval '1 millisecond'
   WHERE meeting_id = $1 AND owner = $2`,
);

const finish = statement(
  "insightJobs.finish",
  "DELETE FROM insight_jobs WHERE meeting_id = $1 AND owner = $2",
);

const postpone = statement(
  "insightJobs.postpone",
  `UPDATE insight_jobs SET attempts = $3, error = $4, next_at = app_now() + $5 * interval '1 millisecond',
     owner = NULL, lease_until = NULL
   WHERE meeting_id = $1 AND owner = $2`,
);

/** The insights of a meeting are to be made, soon. */
export async function queueInsights(
  tx: Tx,
  meetingId: string,
  delayMs = afterEndMs,
): Promise<void> {
  await tx.run(add, [meetingId, delayMs]);
}

/** Takes the next meeting. */
export function claimInsightJob(
  tx: Tx,
  owner: string,
  leaseMs: number,
): Promise<InsightJob | undefined> {
  return tx.first(claim, [owner, leaseMs]);
}

/** @returns false when the lease is lost */
export async function renewInsightJob(
  tx: Tx,
  { meetingId }: InsightJob,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  return (await tx.run(renew, [meetingId, owner, leaseMs])) === 1;
}

/** They are made. Whoever was queued again meanwhile stays in the queue. */
export async function finishInsightJob(tx: Tx, job: InsightJob, owner: string): Promise<void> {
  await tx.run(finish, [job.meetingId, owner]);
}

/** It is tried again after so many ms by whoever comes first; null = never. */
export async function postponeInsightJob(
  tx: Tx,
  { meetingId }: InsightJob,
  owner: string,
  { attempts, error, ms }: { attempts: number; error: string | null; ms: number | null },
): Promise<void> {
  await tx.run(postpone, [meetingId, owner, attempts, error?.slice(0, 500) ?? null, ms]);
}
