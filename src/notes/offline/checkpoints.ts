import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { ok, orThrow, type Result, refuse } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { namedStatement, type ReadTx, type Tx } from "../../db/port.ts";
import { ownQueue } from "./queue.ts";
import type { QueueOwner } from "./queuedOperation.ts";

/** What a client says it had; `timestamp` is by its own clock. */
export interface Checkpoint {
  sequence: number;
  version: number;
  /** By whatever hash the client likes. */
  contentHash: string;
  timestamp: number;
}

/** Of one person in one meeting; the oldest goes. */
const mostCheckpoints = 100;
const maxHashLength = 256;

const insert = namedStatement<Record<never, never>, QueueOwner & Checkpoint & { id: string }>(
  "noteCheckpoints.insert",
  `INSERT INTO note_checkpoints (id, meeting_id, user_id, client_id, sequence, version, content_hash, client_time)
   VALUES (:id, :meetingId, :userId, :clientId, :sequence, :version, :contentHash, :timestamp)`,
);

const removeSurplus = namedStatement<Record<never, never>, Omit<QueueOwner, "clientId">>(
  "noteCheckpoints.removeSurplus",
  `DELETE FROM note_checkpoints WHERE id IN (
     SELECT id FROM note_checkpoints WHERE meeting_id = :meetingId AND user_id = :userId
     ORDER BY created_at DESC, id DESC OFFSET ${mostCheckpoints})`,
);

const find = namedStatement<Checkpoint, QueueOwner & { id: string }>(
  "noteCheckpoints.find",
  `SELECT sequence, version, content_hash AS "contentHash", client_time AS timestamp FROM note_checkpoints
   WHERE id = :id AND meeting_id = :meetingId AND user_id = :userId AND client_id = :clientId`,
);

/** Remembers what a client had, without its text. @throws AppError VALIDATION_ERROR */
export async function createCheckpoint(tx: Tx, owner: QueueOwner, data: Checkpoint) {
  const client = ownQueue(owner);
  const checkpoint = orThrow(checkCheckpoint(data));
  const id = newId("offlineCheckpoints");
  await tx.run(insert, insert.bind({ ...client, ...checkpoint, id }));
  await tx.run(removeSurplus, removeSurplus.bind(client));
  return { success: true, checkpointId: id };
}

/** What the same client remembered; without success where it is not there, or another's. */
export async function findCheckpoint(tx: ReadTx, owner: QueueOwner, checkpointId: string) {
  const client = ownQueue(owner);
  const isPossible = /^[\w-]{1,64}$/.test(checkpointId);
  const checkpoint = isPossible
    ? await tx.first(find, find.bind({ ...client, id: checkpointId }))
    : undefined;
  return checkpoint ? { success: true, checkpoint } : { success: false };
}

function checkCheckpoint(data: Checkpoint): Result<Checkpoint> {
  for (const name of ["sequence", "version", "timestamp"] as const) {
    const checked = wholeNumber(`checkpointData.${name}`, data[name], { min: 0 });
    if (!checked.ok) return checked;
  }
  if (/^[\x21-\x7e]+$/.test(data.contentHash) && data.contentHash.length <= maxHashLength)
    return ok(data);
  const field = "checkpointData.contentHash";
  const message = `${field} must be 1 to ${maxHashLength} visible ASCII characters without spaces`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field, limit: maxHashLength }));
}
