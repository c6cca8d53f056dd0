import { statement, type Tx } from "../db/port.ts";

/** A meeting whose lines a worker embeds now. */
export interface EmbeddingJob {
  meetingId: string;
  wanted: number;
  attempts: number;
}

/** Lines mostly come together, ms. */
const settledAfterMs = 30_000;

const add = statement(
  "embeddingJobs.add",
  `INSERT INTO embedding_jobs AS j (meeting_id, next_at) VALUES ($1, app_now() + $2 * interval '1 millisecond')
   ON CONFLICT (meeting_id) DO UPDATE SET wanted = j.wanted + 1, attempts = 0,
     next_at = coalesce(j.next_at, EXCLUDED.next_at)`,
);

const addOtherModels = statement(
  "embeddingJobs.addOtherModels",
  `INSERT INTO embedding_jobs (meeting_id) SELECT meeting_id FROM embedded_meetings WHERE model <> $1
   ON CONFLICT (meeting_id) DO NOTHING`,
);

/** What is said in a running meeting is not settled; its words are found at once. */
const claim = statement<EmbeddingJob>(
  "embeddingJobs.claim",
  `UPDATE embedding_jobs j SET owner = $1, lease_until = app_now() + $2 * interval '1 millisecond'
   WHERE j.meeting_id = (
     SELECT q.meeting_id FROM embedding_jobs q JOIN meetings m ON m.id = q.meeting_id AND m.state <> 'active'
     WHERE q.next_at <= app_now() AND (q.lease_until IS NULL OR q.lease_until < app_now())
     ORDER BY q.next_at LIMIT 1 FOR UPDATE OF q SKIP LOCKED)
   RETURNING j.meeting_id AS "meetingId", j.wanted, j.attempts`,
);

const renew = statement(
  "embeddingJobs.renew",
  `UPDATE embedding_jobs SET lease_until = app_now() + $3 * interval '1 millisecond'
   WHERE meeting_id = $1 AND owner = $2`,
);

const finish = statement(
  "embeddingJobs.finish",
  "DELETE FROM embedding_jobs WHERE meeting_id = $1 AND owner = $2 AND wanted = $3",
);

const postpone = statement(
  "embeddingJobs.postpone",
  `UPDATE embedding_jobs SET attempts = $3, error = $4, next_at = app_now() + $5 * interval '1 millisecond',
     owner = NULL, lease_until = NULL
   WHERE meeting_id = $1 AND owner = $2`,
);

/** Lines of a meeting have come or changed: they are to be embedded, soon. */
export async function queueEmbeddings(tx: Tx, meetingId: string): Promise<void> {
  await tx.run(add, [meetingId, settledAfterMs]);
}

/** Meetings whose lines were embedded by another model are to be embedded by this one. */
export async function queueOtherModels(tx: Tx, model: string): Promise<void> {
  await tx.run(addOtherModels, [model]);
}

/** Takes the next meeting. */
export function claimEmbeddingJob(
  tx: Tx,
  owner: string,
  leaseMs: number,
): Promise<EmbeddingJob | undefined> {
  return tx.first(claim, [owner, leaseMs]);
}

/** @returns false when the lease is lost */
export async function renewEmbeddingJob(
  tx: Tx,
  { meetingId }: EmbeddingJob,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  return (await tx.run(renew, [meetingId, owner, leaseMs])) === 1;
}

/** All its lines are embedded. @returns false where others have come meanwhile */
export async function finishEmbeddingJob(
  tx: Tx,
  { meetingId, wanted }: EmbeddingJob,
  owner: string,
): Promise<boolean> {
  return (await tx.run(finish, [meetingId, owner, wanted])) === 1;
}

/** It is tried again after so many ms by whoever comes first; null = once more is said. */
export async function postponeEmbeddingJob(
  tx: Tx,
  { meetingId }: EmbeddingJob,
  owner: string,
  { attempts, error, ms }: { attempts: number; error: string | null; ms: number | null },
): Promise<void> {
  await tx.run(postpone, [meetingId, owner, attempts, error?.slice(0, 500) ?? null, ms]);
}
