import { AppError } from "../../core/errors.ts";
import { orThrow, type Result, refuse } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Tx } from "../../db/port.ts";
import { auditTyping } from "../audit.ts";
import { type GroupChange, OpenNotes } from "../openNotes.ts";
import { checkBase, mostOperations } from "../rules.ts";
import { ownQueue } from "./queue.ts";
import type { QueuedOperation, QueueOwner } from "./queuedOperation.ts";
import {
  hasFailedBefore,
  pendingOperations,
  queueCounts,
  recordFailed,
  recordSynced,
  retryFailed,
  syncedOperations,
  syncedRanges,
  trimSynced,
} from "./queueStore.ts";
import { byBase, ownChanges, rememberedOperations } from "./rules.ts";

const usualOperations = 50;
const usualRetries = 3;

interface SyncWish {
  /** Only what was queued by that call, and before. */
  queueId?: string | undefined;
  maxOperations?: number | undefined;
}

/**
 * Carries out what waits in a client's queue, in its order. Operations of one text are relative to each other, also where they
 * come in several calls; each is carried out once.
 * @throws AppError VALIDATION_ERROR, RATE_LIMIT_EXCEEDED (nothing was carried out), MEETING_NOT_ACTIVE (cancelled)
 */
export async function syncOperations(tx: Tx, owner: QueueOwner, wish: SyncWish) {
  const client = ownQueue(owner);
  const bounds = { max: mostOperations };
  const limit = orThrow(
    wholeNumber("maxOperations", wish.maxOperations ?? usualOperations, bounds),
  );
  const notes = await OpenNotes.lock(tx, owner, client.clientId);
  const queueId = wish.queueId ?? null;
  const pending = await pendingOperations(tx, client, { queueId, limit });
  if (pending.length > 0) await notes.requireRate();
  const told = { synced: 0, failed: 0, conflicts: 0, errors: [] as string[] };
  for (const group of byBase(pending)) {
    const { synced, isMoved, errors } = await carryOut(tx, notes, client, group);
    told.synced += synced;
    told.failed += errors.length;
    if (isMoved) told.conflicts += synced;
    told.errors.push(...errors);
  }
  if (await notes.save()) {
    const facts = { sequence: notes.sequence, synced: told.synced, failed: told.failed };
    await auditTyping(tx, owner, "sync_offline_operations", facts);
  }
  const { pending: remainingInQueue, synced } = await queueCounts(tx, client);
  // A tenth more than is remembered, so that not every call removes some; and the first call of a client makes room for it.
  if (synced > rememberedOperations.client * 1.1 || synced === told.synced)
    await trimSynced(tx, client);
  return { success: told.failed === 0, ...told, newVersion: notes.version, remainingInQueue };
}

const madeAfterFailed = "It was made after an operation that could not be carried out";

/** Carries out what can be of a group, and marks what became of each of it. */
async function carryOut(
  tx: Tx,
  notes: OpenNotes,
  owner: QueueOwner,
  group: readonly QueuedOperation[],
) {
  const written = await writeGroup(tx, notes, owner, group);
  const change = written.ok ? written.value : undefined;
  const refusal = written.ok ? written.value.refusal : written.error;
  const done = group.slice(0, change?.carriedOut ?? 0);
  const [refused, ...behind] = group.slice(done.length);
  if (change) await recordSynced(tx, done, change);
  const errors: string[] = [];
  for (const [operations, error] of [
    [refused ? [refused] : [], refusal?.message ?? ""],
    [behind, madeAfterFailed],
  ] as const) {
    if (operations.length > 0) await recordFailed(tx, operations, error);
    errors.push(...operations.map(({ id }) => `${id}: ${error}`));
  }
  const isMoved = change !== undefined && change.conflicts.length > 0;
  return { synced: done.length, isMoved, errors };
}

async function writeGroup(
  tx: Tx,
  notes: OpenNotes,
  owner: QueueOwner,
  group: readonly QueuedOperation[],
): Promise<Result<GroupChange>> {
  const [start] = group;
  if (start === undefined) throw new Error("a group has no operations");
  const { base } = start;
  if (await hasFailedBefore(tx, owner, start))
    return refuse(new AppError("CONFLICT", madeAfterFailed));
  // Before the log is read, which grows with what the client is behind.
  const checked = checkBase("sequence", base, notes);
  if (!checked.ok) return checked;
  const own = ownChanges(await syncedOperations(tx, owner, base));
  const remembered = await syncedRanges(tx, owner, base);
  const isKnown = (sequence: number) =>
    remembered.some(({ first, last }) => sequence >= first && sequence <= last);
  const isForgotten = (await notes.logAfter(base)).some(
    ({ sequence, authorId, clientId }) =>
      authorId === owner.userId && clientId === owner.clientId && !isKnown(sequence),
  );
  if (isForgotten) {
    const message = "What was carried out of the same text has been cleared; read the notes again";
    return refuse(new AppError("CONFLICT", message));
  }
  return notes.write({ operations: group, base, field: "sequence", own });
}

/**
 * Lets operations that have failed less than `maxRetries` times wait again, and carries out what waits.
 * @throws AppError as `syncOperations` does
 */
export async function retryOperations(tx: Tx, owner: QueueOwner, maxRetries = usualRetries) {
  const most = orThrow(wholeNumber("maxRetries", maxRetries, { max: 100 }));
  const retriedCount = await retryFailed(tx, ownQueue(owner), most);
  if (retriedCount === 0) return { retriedCount, successCount: 0 };
  const { synced } = await syncOperations(tx, owner, { maxOperations: mostOperations });
  return { retriedCount, successCount: Math.min(synced, retriedCount) };
}
