import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { ReadTx, Tx } from "../../db/port.ts";
import { requireMeeting } from "../../meetings/store.ts";
import { auditTyping } from "../audit.ts";
import { checkCount, mayWrite } from "../rules.ts";
import type { QueueOwner } from "./queuedOperation.ts";
import { clearSynced, findChangedId, insertQueued, queueCounts, waitingIn } from "./queueStore.ts";
import { checkQueued, checkQueueLength, queueHealth } from "./rules.ts";

/** A client's queue, by a name that a client may have. @throws AppError VALIDATION_ERROR */
export function ownQueue(owner: QueueOwner): QueueOwner {
  return { ...owner, clientId: orThrow(clientName("clientId", owner.clientId)) };
}

/**
 * Stores what a client made offline, all of it or nothing; what is there already under its id is no change, unless it has failed:
 * then it waits again, so that a client that was not told need not know.
 * @returns how many wait by this call, and the name of what was stored with it
 * @throws AppError VALIDATION_ERROR, FORBIDDEN (another's), CONFLICT (another operation under an id), RATE_LIMIT_EXCEEDED (too many
 * wait), MEETING_NOT_ACTIVE (cancelled)
 */
export async function queueOperations(
  tx: Tx,
  owner: QueueOwner,
  sent: readonly Parameters<typeof checkQueued>[0][],
) {
  const client = ownQueue(owner);
  orThrow(checkCount(sent));
  const operations = sent.map((operation, index) => orThrow(checkQueued(operation, index, client)));
  orThrow(mayWrite(await requireMeeting(tx, owner.meetingId)));
  const queueId = newId("noteQueues");
  const queued = await insertQueued(tx, client, queueId, operations);
  const changed = await findChangedId(tx, client, operations);
  if (changed !== undefined) throw reusedId(changed);
  orThrow(checkQueueLength(await waitingIn(tx, client)));
  if (queued > 0) await auditTyping(tx, owner, "queue_offline_operations", { queued });
  return { success: true, queued, queueId };
}

function reusedId(id: string): AppError {
  const message = "Another operation was queued under that id; every operation has its own";
  return new AppError("CONFLICT", message, { reason: "operation_id_reused", id });
}

/** How many operations of a client wait, were carried out, or have failed. None is ever seen half done. */
export async function queueStatus(tx: ReadTx, owner: QueueOwner) {
  const counts = await queueCounts(tx, ownQueue(owner));
  const { pending, synced, failed, oldestPending, newestPending } = counts;
  return {
    ...{ pending, synced, failed, syncing: 0, totalQueued: pending + synced + failed },
    ...(oldestPending !== null && { oldestPending }),
    ...(newestPending !== null && { newestPending }),
    queueHealth: queueHealth(counts),
  };
}

const hourMs = 3_600_000;

/** Forgets a client's operations that were carried out longer ago than that. @throws AppError VALIDATION_ERROR */
export async function clearOperations(tx: Tx, owner: QueueOwner, olderThanMs = hourMs) {
  const age = orThrow(wholeNumber("olderThanMs", olderThanMs, { min: 0 }));
  return { cleared: await clearSynced(tx, ownQueue(owner), age) };
}
