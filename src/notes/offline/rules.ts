import { AppError } from "../../core/errors.ts";
import { ok, type Result, refuse } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { OwnChange } from "../rebase.ts";
import { composed, type NoteOperation, textOperation } from "../textOperation.ts";
import type { NewOperation, QueueOwner, SyncedOperation } from "./queuedOperation.ts";

/** Operations that wait, or have failed. */
export const queueLimits = { client: 500, user: 2_000 } as const;

/** Operations that are remembered once they are carried out, so that they are not carried out again. */
export const rememberedOperations = { client: 500, user: 5_000 } as const;

/** An operation as it is sent to be queued. */
interface SentOperation extends NoteOperation {
  id: string;
  authorId: string;
  clientId: string;
  sequence: number;
}

/** Whether a client may queue that. Refusals: VALIDATION_ERROR with `field`, FORBIDDEN (another's) */
export function checkQueued(
  sent: SentOperation,
  index: number,
  { userId, clientId }: QueueOwner,
): Result<NewOperation> {
  const field = `operations[${index}]`;
  const id = clientName(`${field}.id`, sent.id);
  if (!id.ok) return id;
  if (sent.authorId !== userId) {
    const message = `${field}.authorId is not the caller: everybody queues their own operations`;
    return refuse(new AppError("FORBIDDEN", message, { field: `${field}.authorId` }));
  }
  if (sent.clientId !== clientId) {
    const metadata = { field: `${field}.clientId` };
    const message = `${field}.clientId is not the client whose queue this is`;
    return refuse(new AppError("VALIDATION_ERROR", message, metadata));
  }
  const base = wholeNumber(`${field}.sequence`, sent.sequence, { min: 0 });
  if (!base.ok) return base;
  const { type, position, content, length } = sent;
  const operation = {
    ...{ type, position },
    ...(content !== undefined && { content }),
    ...(length !== undefined && { length }),
  };
  const checked = textOperation(operation);
  if (!checked.ok) return refuse(inItem(checked.error, index));
  return ok({ id: id.value, base: base.value, ...operation });
}

function inItem({ code, message, metadata }: AppError, index: number): AppError {
  return new AppError(code, `operations[${index}]: ${message}`, { ...metadata, index });
}

/** Whether so many may be in the queue. Refusals: RATE_LIMIT_EXCEEDED */
export function checkQueueLength(waiting: { client: number; user: number }): Result<void> {
  if (waiting.client <= queueLimits.client && waiting.user <= queueLimits.user)
    return ok(undefined);
  const limit = queueLimits.client;
  const message = `At most ${limit} operations of one client wait; sync them first`;
  return refuse(
    new AppError("RATE_LIMIT_EXCEEDED", message, { action: "notes_offline_queue", limit }),
  );
}

/** Operations of one text each, in the order in which they were made. */
export function byBase<T extends NewOperation>(operations: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const operation of operations) {
    const group = groups.at(-1);
    if (group?.[0]?.base === operation.base) group.push(operation);
    else groups.push([operation]);
  }
  return groups;
}

/** What a client has already had carried out of one text, as changes in the order in which they came into the log. */
export function ownChanges(synced: readonly SyncedOperation[]): OwnChange[] {
  const changes: OwnChange[] = [];
  for (const { first, last, ...operation } of synced) {
    const made = textOperation(operation);
    if (!made.ok) throw made.error;
    const change = changes.at(-1);
    if (change?.first === first) {
      change.operation = composed([change.operation, made.value]);
      change.last = Math.max(change.last, last);
    } else changes.push({ operation: made.value, first, last });
  }
  return changes;
}

/** Counts of a queue; times are epoch ms. */
export interface QueueCounts {
  pending: number;
  synced: number;
  failed: number;
  oldestPending: number | null;
  newestPending: number | null;
  now: number;
}

const minuteMs = 60_000;

/** As published: what has failed or waits for long is told before a person notices. */
export function queueHealth({ pending, failed, oldestPending, now }: QueueCounts) {
  const ageMs = oldestPending === null ? 0 : now - oldestPending;
  if (failed > 10 || ageMs > 5 * minuteMs) return "critical" as const;
  return pending > 50 || ageMs > minuteMs ? ("warning" as const) : ("healthy" as const);
}
