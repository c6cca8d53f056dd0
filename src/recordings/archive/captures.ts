import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { Recording } from "../recording.ts";
import { isOfSite } from "../sites.ts";
import type { ArchivedFile } from "./captureFiles.ts";

/** A capture that somebody works on under a lease. */
export interface CaptureWork {
  recordingId: string;
  /** How often the work has been begun without an end. */
  attempts: number;
}

/** What every use case of a lease is given. */
export interface Lease {
  owner: string;
  ms: number;
}

/** SQL: whether a file of recording `r` is still to be composed of its capture. */
export const hasUnfinished = `EXISTS (SELECT 1 FROM renditions d
  WHERE d.recording_id = r.id AND d.state IN ('queued', 'composing'))`;

/** SQL: whether the lease of row `alias` is free. */
export const isFree = (alias: string): string =>
  `(${alias}.lease_until IS NULL OR ${alias}.lease_until < app_now())`;

const insert = statement(
  "captures.insert",
  `INSERT INTO captures (meeting_id, recording_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
);

/** Composing reads the same files: the store has to wait for it, but not for ever. */
const claimUploadable = statement<CaptureWork>(
  "captures.claimUpload",
  `UPDATE captures c SET lease_owner = $1, lease_until = app_now() + $2 * interval '1 millisecond',
     begun_at = coalesce(begun_at, app_now()), attempts = attempts + 1
   WHERE c.recording_id = (
     SELECT due.recording_id FROM captures due JOIN recordings r ON r.id = due.recording_id
     WHERE due.archived_at IS NULL AND due.run_at <= app_now() AND ${isFree("due")}
       AND r.deleted_at IS NULL AND ${isOfSite("$3")}
       AND (r.stopped_at < app_now() - interval '1 hour' OR NOT ${hasUnfinished})
     ORDER BY due.run_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
   RETURNING c.recording_id AS "recordingId", c.attempts`,
);

const claimRemovable = statement<CaptureWork>(
  "captures.claimRemoval",
  `UPDATE captures c SET lease_owner = $1, lease_until = app_now() + $2 * interval '1 millisecond',
     attempts = attempts + 1
   WHERE c.recording_id = (
     SELECT due.recording_id FROM captures due JOIN recordings r ON r.id = due.recording_id
     WHERE due.run_at <= app_now() AND ${isFree("due")} AND r.deleted_at IS NOT NULL
     ORDER BY due.run_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
   RETURNING c.recording_id AS "recordingId", c.attempts`,
);

const renew = statement(
  "captures.renew",
  `UPDATE captures c SET lease_until = app_now() + $3 * interval '1 millisecond'
   WHERE c.recording_id = $1 AND c.lease_owner = $2
     AND (SELECT r.deleted_at IS NOT NULL FROM recordings r WHERE r.id = c.recording_id) = $4`,
);

const finish = statement(
  "captures.finish",
  `UPDATE captures c SET files = $3::jsonb, size_bytes = $4, archived_at = app_now(), attempts = 0, error_message = NULL,
     lease_owner = NULL, lease_until = NULL
   WHERE c.recording_id = $1 AND c.lease_owner = $2
     AND (SELECT r.deleted_at IS NULL FROM recordings r WHERE r.id = c.recording_id)`,
);

const release = statement(
  "captures.release",
  `UPDATE captures SET lease_owner = NULL, lease_until = NULL, error_message = $3,
     attempts = CASE WHEN $3::text IS NULL THEN greatest(attempts - 1, 0) ELSE attempts END,
     run_at = app_now() + $4 * interval '1 millisecond'
   WHERE recording_id = $1 AND lease_owner = $2`,
);

const unarchive = statement(
  "captures.unarchive",
  `UPDATE captures SET archived_at = NULL, files = NULL, size_bytes = 0, attempts = 0, run_at = app_now()
   WHERE recording_id = $1`,
);

const removeRow = statement(
  "captures.remove",
  "DELETE FROM captures WHERE recording_id = $1 AND lease_owner = $2",
);

const hurry = statement(
  "captures.hurry",
  "UPDATE captures SET run_at = app_now(), attempts = 0 WHERE recording_id = $1",
);

const removeUnbegun = statement(
  "captures.removeUnbegun",
  "DELETE FROM captures WHERE recording_id = $1 AND begun_at IS NULL",
);

const find = statement<{ meetingId: string; isArchived: boolean }>(
  "captures.find",
  `SELECT meeting_id AS "meetingId", archived_at IS NOT NULL AS "isArchived" FROM captures WHERE recording_id = $1`,
);

/** There is a capture to be kept. */
export async function noteCapture(tx: Tx, { meetingId, id }: Recording): Promise<void> {
  await tx.run(insert, [meetingId, id]);
}

export function findCapture(tx: ReadTx, recordingId: string) {
  return tx.first(find, [recordingId]);
}

/** Takes the next capture of this site that is to go to the store; undefined = nothing to do. */
export function claimUpload(
  tx: Tx,
  { owner, ms }: Lease,
  siteId: string | null,
): Promise<CaptureWork | undefined> {
  return tx.first(claimUploadable, [owner, ms, siteId]);
}

/** Takes the next capture whose recording is deleted, once nobody uploads it any more; undefined = nothing to do. */
export function claimRemoval(tx: Tx, { owner, ms }: Lease): Promise<CaptureWork | undefined> {
  return tx.first(claimRemovable, [owner, ms]);
}

/** @returns false when the work is no longer ours: an upload ends also when the recording is deleted */
export async function renewCapture(
  tx: Tx,
  { recordingId }: CaptureWork,
  { owner, ms }: Lease,
  isDeleted: boolean,
): Promise<boolean> {
  return (await tx.run(renew, [recordingId, owner, ms, isDeleted])) === 1;
}

/** The store has it. @returns false when the work is no longer ours, or the recording is deleted */
export async function finishUpload(
  tx: Tx,
  { recordingId }: CaptureWork,
  owner: string,
  files: readonly ArchivedFile[],
): Promise<boolean> {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return (await tx.run(finish, [recordingId, owner, JSON.stringify(files), sizeBytes])) === 1;
}

/** Gives work back unfinished, to be taken again after `retryInMs`; without a message it does not count as an attempt. */
export async function releaseCapture(
  tx: Tx,
  { recordingId }: CaptureWork,
  owner: string,
  message: string | null,
  retryInMs: number,
): Promise<void> {
  await tx.run(release, [recordingId, owner, message, retryInMs]);
}

/** The store has lost it: it is to be uploaded again. */
export async function unarchiveCapture(tx: Tx, recordingId: string): Promise<void> {
  await tx.run(unarchive, [recordingId]);
}

/** Nothing of it is in the store any more. */
export async function forgetCapture(
  tx: Tx,
  { recordingId }: CaptureWork,
  owner: string,
): Promise<void> {
  await tx.run(removeRow, [recordingId, owner]);
}

/** Its recording is deleted: what the store has of it goes at once, whatever went wrong before. */
export async function hurryCapture(tx: Tx, recordingId: string): Promise<void> {
  await tx.run(hurry, [recordingId]);
}

/** Of a deleted recording: nothing of the capture has ever been sent anywhere. */
export async function forgetUnbegunCapture(tx: Tx, recordingId: string): Promise<void> {
  await tx.run(removeUnbegun, [recordingId]);
}
