import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { Recording } from "../recording.ts";
import { isOfSite } from "../sites.ts";
import { recordingColumns } from "../store.ts";

const running = statement<Recording>(
  "recordings.running",
  `SELECT ${recordingColumns} FROM recordings r
   WHERE r.state IN ('recording', 'stopping') AND r.provider = 'embedded' AND r.deleted_at IS NULL AND ${isOfSite("$2")}
     AND (r.slices_owner = $1 OR r.slices_until IS NULL OR r.slices_until < app_now())
   ORDER BY r.requested_at`,
);

const claim = statement(
  "recordings.claimSlices",
  `UPDATE recordings SET slices_owner = $2, slices_until = app_now() + $3 * interval '1 millisecond'
   WHERE id = $1 AND (slices_owner = $2 OR slices_until IS NULL OR slices_until < app_now())`,
);

const needed = statement<{ id: string }>(
  "recordings.needSlices",
  `SELECT r.id FROM recordings r
   WHERE r.id = ANY($1) AND r.deleted_at IS NULL AND (r.state IN ('starting', 'recording', 'stopping') OR EXISTS (
     SELECT 1 FROM renditions d WHERE d.recording_id = r.id AND d.state IN ('queued', 'composing')))`,
);

/** Recordings of this site that run and that no other worker composes slices of; the oldest first. */
export function listSliceable(
  tx: ReadTx,
  owner: string,
  siteId: string | null,
): Promise<Recording[]> {
  return tx.all(running, [owner, siteId]);
}

/** Takes or renews the lease. @returns false when another worker has it */
export async function claimSlices(
  tx: Tx,
  recordingId: string,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  return (await tx.run(claim, [recordingId, owner, leaseMs])) === 1;
}

/** Those of some recordings whose slices are still of use: open, or with a file yet to be composed. */
export async function listNeedingSlices(tx: ReadTx, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await tx.all(needed, [ids])).map(({ id }) => id));
}
