import { namedStatement, type ReadTx, statement, type Tx } from "../../db/port.ts";
import type {
  NewOperation,
  QueuedOperation,
  QueueOwner,
  SyncedOperation,
} from "./queuedOperation.ts";
import { type QueueCounts, rememberedOperations } from "./rules.ts";

const ofClient = "meeting_id = :meetingId AND user_id = :userId AND client_id = :clientId";

const columns = `ordinal, operation_id AS id, base_sequence AS base, type, position, coalesce(content, '') AS content,
  coalesce(length, 0) AS length`;

const insert = namedStatement<Record<never, never>, QueueOwner & { queueId: string; rows: string }>(
  "noteQueue.insert",
  `INSERT INTO note_queue (meeting_id, user_id, client_id, queue_id, operation_id, base_sequence, type, position, content, length)
   SELECT :meetingId, :userId, :clientId, :queueId, o.id, o.base, o.type, o.position, o.content, o.length
   FROM jsonb_to_recordset(:rows::jsonb)
     AS o (place integer, id text, base bigint, type text, position integer, content text, length integer)
   ORDER BY o.place
   ON CONFLICT (meeting_id, user_id, client_id, operation_id)
     DO UPDATE SET status = 'pending', error = NULL WHERE note_queue.status = 'failed'`,
);

/** Of those that are there already, which are something else. */
const findChanged = namedStatement<{ id: string }, QueueOwner & { rows: string }>(
  "noteQueue.findChanged",
  `SELECT o.id FROM jsonb_to_recordset(:rows::jsonb)
     AS o (id text, base bigint, type text, position integer, content text, length integer)
   JOIN note_queue q ON q.operation_id = o.id
     AND q.meeting_id = :meetingId AND q.user_id = :userId AND q.client_id = :clientId
   WHERE (q.base_sequence, q.type, q.position) IS DISTINCT FROM (o.base, o.type, o.position)
     OR q.content IS DISTINCT FROM o.content OR q.length IS DISTINCT FROM o.length LIMIT 1`,
);

const countWaiting = namedStatement<{ client: number; user: number }, QueueOwner>(
  "noteQueue.waiting",
  `SELECT count(*) FILTER (WHERE client_id = :clientId) AS client, count(*) AS user FROM note_queue
   WHERE meeting_id = :meetingId AND user_id = :userId AND status <> 'synced'`,
);

/** Those of a queue, and what was queued before them: they are of the text that those make. */
const findPending = namedStatement<
  QueuedOperation,
  QueueOwner & { queueId: string | null; limit: number }
>(
  "noteQueue.pending",
  `SELECT ${columns} FROM note_queue WHERE ${ofClient} AND status = 'pending'
     AND (:queueId::text IS NULL OR ordinal <= (
       SELECT max(ordinal) FROM note_queue WHERE ${ofClient} AND queue_id = :queueId))
   ORDER BY ordinal LIMIT :limit`,
);

const findSynced = namedStatement<SyncedOperation, QueueOwner & { base: number }>(
  "noteQueue.synced",
  `SELECT ${columns}, first_sequence AS first, last_sequence AS last FROM note_queue
   WHERE ${ofClient} AND base_sequence = :base AND status = 'synced' ORDER BY ordinal`,
);

const findRanges = namedStatement<{ first: number; last: number }, QueueOwner & { base: number }>(
  "noteQueue.ranges",
  `SELECT DISTINCT first_sequence AS first, last_sequence AS last FROM note_queue
   WHERE ${ofClient} AND status = 'synced' AND last_sequence > :base`,
);

const findFailedBefore = namedStatement<
  { id: string },
  QueueOwner & { base: number; ordinal: number }
>(
  "noteQueue.failedBefore",
  `SELECT operation_id AS id FROM note_queue
   WHERE ${ofClient} AND base_sequence = :base AND status = 'failed' AND ordinal < :ordinal LIMIT 1`,
);

const markSynced = statement(
  "noteQueue.markSynced",
  `UPDATE note_queue SET status = 'synced', attempts = attempts + 1, attempted_at = app_now(), error = NULL,
     first_sequence = $2, last_sequence = $3
   WHERE ordinal = ANY($1::bigint[])`,
);

const markFailed = statement(
  "noteQueue.markFailed",
  `UPDATE note_queue SET status = 'failed', attempts = attempts + 1, attempted_at = app_now(), error = $2
   WHERE ordinal = ANY($1::bigint[])`,
);

const renewFailed = namedStatement<Record<never, never>, QueueOwner & { maxRetries: number }>(
  "noteQueue.renewFailed",
  `UPDATE note_queue SET status = 'pending' WHERE ${ofClient} AND status = 'failed' AND attempts < :maxRetries`,
);

const countAll = namedStatement<QueueCounts, QueueOwner>(
  "noteQueue.counts",
  `SELECT count(*) FILTER (WHERE status = 'pending') AS pending, count(*) FILTER (WHERE status = 'synced') AS synced,
     count(*) FILTER (WHERE status = 'failed') AS failed,
     min(queued_at) FILTER (WHERE status = 'pending') AS "oldestPending",
     max(queued_at) FILTER (WHERE status = 'pending') AS "newestPending", app_now() AS now
   FROM note_queue WHERE ${ofClient}`,
);

const clear = namedStatement<Record<never, never>, QueueOwner & { olderThanMs: number }>(
  "noteQueue.clear",
  `DELETE FROM note_queue WHERE ${ofClient} AND status = 'synced'
     AND attempted_at <= app_now() - make_interval(secs => :olderThanMs::double precision / 1000)`,
);

const forgetSynced = namedStatement<Record<never, never>, Omit<QueueOwner, "clientId">>(
  "noteQueue.forgetSynced",
  `DELETE FROM note_queue WHERE ordinal IN (
     SELECT ordinal FROM (
       SELECT ordinal, row_number() OVER (PARTITION BY client_id ORDER BY ordinal DESC) AS of_client,
         row_number() OVER (ORDER BY ordinal DESC) AS of_user
       FROM note_queue WHERE meeting_id = :meetingId AND user_id = :userId AND status = 'synced') s
     WHERE of_client > ${rememberedOperations.client} OR of_user > ${rememberedOperations.user})`,
);

const forgetUser = statement(
  "noteQueue.forgetUser",
  "DELETE FROM note_queue WHERE meeting_id = $1 AND user_id = $2",
);

/** Stores those that are not there yet, and lets those that have failed wait again. @returns how many those are */
export function insertQueued(
  tx: Tx,
  owner: QueueOwner,
  queueId: string,
  operations: readonly NewOperation[],
): Promise<number> {
  const rows = operations.map((operation, place) => ({ ...operation, place }));
  return tx.run(insert, insert.bind({ ...owner, queueId, rows: JSON.stringify(rows) }));
}

/** An id under which the client has queued something else. */
export async function findChangedId(
  tx: Tx,
  owner: QueueOwner,
  operations: readonly NewOperation[],
): Promise<string | undefined> {
  const values = findChanged.bind({ ...owner, rows: JSON.stringify(operations) });
  return (await tx.first(findChanged, values))?.id;
}

/** Operations that wait or have failed, of the client and of all clients of the user in that meeting. */
export async function waitingIn(tx: ReadTx, owner: QueueOwner) {
  const counted = await tx.first(countWaiting, countWaiting.bind(owner));
  if (!counted) throw new Error("the database did not count");
  return counted;
}

/** What waits, in the order in which the client made it. */
export function pendingOperations(
  tx: ReadTx,
  owner: QueueOwner,
  { queueId, limit }: { queueId: string | null; limit: number },
): Promise<QueuedOperation[]> {
  return tx.all(findPending, findPending.bind({ ...owner, queueId, limit }));
}

/** What was carried out of the client's operations of one text, in the order in which the client made it. */
export function syncedOperations(
  tx: ReadTx,
  owner: QueueOwner,
  base: number,
): Promise<SyncedOperation[]> {
  return tx.all(findSynced, findSynced.bind({ ...owner, base }));
}

/** Where in the log, after that operation, is what is remembered of a client. */
export function syncedRanges(tx: ReadTx, owner: QueueOwner, base: number) {
  return tx.all(findRanges, findRanges.bind({ ...owner, base }));
}

/** Whether an operation of the same text that was made before this one has failed. */
export async function hasFailedBefore(
  tx: ReadTx,
  owner: QueueOwner,
  { base, ordinal }: Pick<QueuedOperation, "base" | "ordinal">,
): Promise<boolean> {
  const values = findFailedBefore.bind({ ...owner, base, ordinal });
  return (await tx.first(findFailedBefore, values)) !== undefined;
}

const ordinals = (operations: readonly QueuedOperation[]) =>
  operations.map(({ ordinal }) => String(ordinal));

export async function recordSynced(
  tx: Tx,
  operations: readonly QueuedOperation[],
  { first, last }: { first: number; last: number },
): Promise<void> {
  await tx.run(markSynced, [ordinals(operations), first, last]);
}

export async function recordFailed(
  tx: Tx,
  operations: readonly QueuedOperation[],
  error: string,
): Promise<void> {
  await tx.run(markFailed, [ordinals(operations), error]);
}

/** Those that have failed less often than that wait again. @returns how many */
export function retryFailed(tx: Tx, owner: QueueOwner, maxRetries: number): Promise<number> {
  return tx.run(renewFailed, renewFailed.bind({ ...owner, maxRetries }));
}

export async function queueCounts(tx: ReadTx, owner: QueueOwner): Promise<QueueCounts> {
  const counts = await tx.first(countAll, countAll.bind(owner));
  if (!counts) throw new Error("the database did not count");
  return counts;
}

/** Forgets what was carried out so long ago. @returns how many */
export function clearSynced(tx: Tx, owner: QueueOwner, olderThanMs: number): Promise<number> {
  return tx.run(clear, clear.bind({ ...owner, olderThanMs }));
}

/** Forgets what was carried out beyond what is remembered. */
export async function trimSynced(tx: Tx, owner: Omit<QueueOwner, "clientId">): Promise<void> {
  await tx.run(forgetSynced, forgetSynced.bind(owner));
}

/** Forgets what somebody has queued who is in the meeting no more. */
export async function forgetQueueOf(tx: Tx, meetingId: string, userId: string): Promise<void> {
  await tx.run(forgetUser, [meetingId, userId]);
}
