import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { ArchivedFile } from "./captureFiles.ts";
import { hasUnfinished, isFree, type Lease } from "./captures.ts";

/** How long nobody removes what a reader holds, ms; several times as long as a reader trusts it. */
export const holdMs = 1_800_000;

/** A copy that somebody fetches or removes under a lease. */
export interface CopyWork {
  recordingId: string;
  siteId: string;
  /** What the store has of it. */
  files: ArchivedFile[];
  /** How often the work has been begun without an end. */
  attempts: number;
  isDeleted: boolean;
}

export interface StoredCopy {
  state: "restoring" | "failed" | "here" | "removing";
  progress: number;
  errorMessage: string | null;
}

const work = `cc.recording_id AS "recordingId", cc.site_id AS "siteId", cc.attempts,
  coalesce((SELECT c.files FROM captures c WHERE c.recording_id = cc.recording_id), '[]') AS files,
  (SELECT r.deleted_at IS NOT NULL FROM recordings r WHERE r.id = cc.recording_id) AS "isDeleted"`;

const insertHere = statement(
  "captureCopies.insertHere",
  `INSERT INTO capture_copies (meeting_id, recording_id, site_id, state, held_until, keep_until)
   SELECT meeting_id, recording_id, $2, 'here', app_now() + interval '${holdMs} milliseconds',
     app_now() + $3 * interval '1 millisecond'
   FROM captures WHERE recording_id = $1
   ON CONFLICT (meeting_id, recording_id, site_id) DO UPDATE
   SET state = 'here', held_until = EXCLUDED.held_until, keep_until = EXCLUDED.keep_until, error_message = NULL,
     lease_owner = NULL, lease_until = NULL`,
);

const hold = statement(
  "captureCopies.hold",
  `UPDATE capture_copies SET held_until = app_now() + interval '${holdMs} milliseconds'
   WHERE recording_id = $1 AND site_id = $2 AND state = 'here'`,
);

const find = statement<StoredCopy>(
  "captureCopies.find",
  `SELECT state, progress, error_message AS "errorMessage" FROM capture_copies
   WHERE recording_id = $1 AND site_id = $2`,
);

/** One that failed is tried again only once its pause is over. */
const want = statement(
  "captureCopies.want",
  `INSERT INTO capture_copies (meeting_id, recording_id, site_id, state) VALUES ($1, $2, $3, 'restoring')
   ON CONFLICT (meeting_id, recording_id, site_id) DO UPDATE
   SET state = 'restoring', progress = 0, attempts = 0, run_at = app_now(), error_message = NULL
   WHERE capture_copies.state = 'failed' AND capture_copies.run_at <= app_now()`,
);

const claimRestorable = statement<CopyWork>(
  "captureCopies.claimRestore",
  `UPDATE capture_copies cc SET lease_owner = $1, lease_until = app_now() + $2 * interval '1 millisecond',
     attempts = attempts + 1
   WHERE (cc.recording_id, cc.site_id) = (
     SELECT due.recording_id, due.site_id FROM capture_copies due JOIN recordings r ON r.id = due.recording_id
     WHERE due.site_id = $3 AND due.state = 'restoring' AND due.run_at <= app_now() AND ${isFree("due")}
       AND r.deleted_at IS NULL
     ORDER BY due.run_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
   RETURNING ${work}`,
);

const renew = statement(
  "captureCopies.renew",
  `UPDATE capture_copies cc SET progress = $4, lease_until = app_now() + $5 * interval '1 millisecond'
   WHERE cc.recording_id = $1 AND cc.site_id = $2 AND cc.lease_owner = $3
     AND (SELECT r.deleted_at IS NOT NULL FROM recordings r WHERE r.id = cc.recording_id) = $6`,
);

const finishRestore = statement(
  "captureCopies.finishRestore",
  `UPDATE capture_copies SET state = 'here', progress = 1, attempts = 0, error_message = NULL,
     held_until = app_now() + interval '${holdMs} milliseconds',
     keep_until = app_now() + $4 * interval '1 millisecond', lease_owner = NULL, lease_until = NULL
   WHERE recording_id = $1 AND site_id = $2 AND lease_owner = $3`,
);

const release = statement(
  "captureCopies.release",
  `UPDATE capture_copies SET state = $4, error_message = $5, lease_owner = NULL, lease_until = NULL,
     attempts = CASE WHEN $7 THEN attempts ELSE greatest(attempts - 1, 0) END,
     run_at = app_now() + $6 * interval '1 millisecond'
   WHERE recording_id = $1 AND site_id = $2 AND lease_owner = $3`,
);

/** Nobody reads it, nobody is about to, and its time is over or the disk is short; or its recording is deleted. */
const isRemovable = (
  alias: string,
  isShort: string,
) => `${alias}.run_at <= app_now() AND ${isFree(alias)} AND (
  r.deleted_at IS NOT NULL OR ${alias}.state = 'removing'
  OR ${alias}.state = 'here' AND ${alias}.held_until < app_now() AND (${alias}.keep_until < app_now() OR ${isShort})
    AND NOT ${hasUnfinished})`;

/** Whoever asks for another file of it takes the same lock: either they see that it goes, or we that they need it. */
const lockRemovable = statement<{ id: string }>(
  "captureCopies.lockRemovable",
  `SELECT r.id FROM capture_copies cc JOIN recordings r ON r.id = cc.recording_id
   WHERE cc.site_id = $1 AND ${isRemovable("cc", "$2")}
   ORDER BY cc.held_until LIMIT 1 FOR UPDATE OF r SKIP LOCKED`,
);

const claimRemovable = statement<CopyWork>(
  "captureCopies.claimRemoval",
  `UPDATE capture_copies cc SET state = 'removing', attempts = attempts + 1, lease_owner = $3,
     lease_until = app_now() + $4 * interval '1 millisecond'
   FROM recordings r
   WHERE cc.recording_id = $5 AND cc.site_id = $1 AND r.id = cc.recording_id AND ${isRemovable("cc", "$2")}
   RETURNING ${work}`,
);

const remove = statement(
  "captureCopies.remove",
  "DELETE FROM capture_copies WHERE recording_id = $1 AND site_id = $2 AND lease_owner = $3",
);

const forget = statement(
  "captureCopies.forget",
  "DELETE FROM capture_copies WHERE recording_id = $1 AND site_id = $2 AND state = 'here'",
);

/** What was captured here has been archived: this copy stays for a while. */
export async function insertCopyHere(
  tx: Tx,
  recordingId: string,
  siteId: string,
  keepMs: number,
): Promise<void> {
  await tx.run(insertHere, [recordingId, siteId, keepMs]);
}

/** Keeps a copy that is here for another `holdMs`. @returns false when none is */
export async function holdCopy(tx: Tx, recordingId: string, siteId: string): Promise<boolean> {
  return (await tx.run(hold, [recordingId, siteId])) === 1;
}

export function findCopy(
  tx: ReadTx,
  recordingId: string,
  siteId: string,
): Promise<StoredCopy | undefined> {
  return tx.first(find, [recordingId, siteId]);
}

/** Has the copy fetched, if it is neither here nor being fetched. */
export async function wantCopy(
  tx: Tx,
  meetingId: string,
  recordingId: string,
  siteId: string,
): Promise<void> {
  await tx.run(want, [meetingId, recordingId, siteId]);
}

/** Takes the next copy that this site is to fetch; undefined = nothing to do. */
export function claimRestore(
  tx: Tx,
  { owner, ms }: Lease,
  siteId: string,
): Promise<CopyWork | undefined> {
  return tx.first(claimRestorable, [owner, ms, siteId]);
}

/** Takes the next copy that this site may remove from its disk, sooner where that `isShort`; undefined = nothing to do. */
export async function claimCopyRemoval(
  tx: Tx,
  { owner, ms }: Lease,
  siteId: string,
  isShort: boolean,
): Promise<CopyWork | undefined> {
  const found = await tx.first(lockRemovable, [siteId, isShort]);
  // Looked at again: what was true before the lock need not be true now.
  return found && tx.first(claimRemovable, [siteId, isShort, owner, ms, found.id]);
}

/** @returns false when the work is no longer ours, or the recording has been deleted meanwhile */
export async function renewCopy(
  tx: Tx,
  { recordingId, siteId, isDeleted }: CopyWork,
  { owner, ms }: Lease,
  progress: number,
): Promise<boolean> {
  const values = [recordingId, siteId, owner, progress, ms, isDeleted];
  return (await tx.run(renew, values)) === 1;
}

/** The copy is whole. @returns false when the work is no longer ours */
export async function finishCopy(
  tx: Tx,
  { recordingId, siteId }: CopyWork,
  owner: string,
  keepMs: number,
): Promise<boolean> {
  return (await tx.run(finishRestore, [recordingId, siteId, owner, keepMs])) === 1;
}

/** Gives work back, to be looked at again after `retryInMs`. */
export async function releaseCopyWork(
  tx: Tx,
  { recordingId, siteId }: CopyWork,
  owner: string,
  given: { state: StoredCopy["state"]; message: string | null; retryInMs: number; counts: boolean },
): Promise<void> {
  const { state, message, retryInMs, counts } = given;
  await tx.run(release, [recordingId, siteId, owner, state, message, retryInMs, counts]);
}

/** The copy is gone from the disk. */
export async function forgetCopy(
  tx: Tx,
  { recordingId, siteId }: CopyWork,
  owner: string,
): Promise<void> {
  await tx.run(remove, [recordingId, siteId, owner]);
}

/** What was thought to be here is not. */
export async function forgetLostCopy(tx: Tx, recordingId: string, siteId: string): Promise<void> {
  await tx.run(forget, [recordingId, siteId]);
}
