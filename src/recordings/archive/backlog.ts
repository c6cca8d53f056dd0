import { type ReadTx, statement } from "../../db/port.ts";

export interface ArchiveBacklog {
  /** Captures that are on a disk only. */
  unarchived: number;
  /** Since the oldest of them was sealed, s; 0 when there is none. */
  oldestSeconds: number;
  /** Captures that somebody waits for to be fetched from the store. */
  restoring: number;
}

const backlog = statement<ArchiveBacklog>(
  "captures.backlog",
  `SELECT count(*) AS unarchived,
     coalesce(extract(epoch FROM app_now() - min(r.stopped_at)), 0)::float8 AS "oldestSeconds",
     (SELECT count(*) FROM capture_copies cc JOIN recordings wanted ON wanted.id = cc.recording_id
      WHERE cc.state = 'restoring' AND wanted.deleted_at IS NULL) AS restoring
   FROM captures c JOIN recordings r ON r.id = c.recording_id
   WHERE c.archived_at IS NULL AND r.deleted_at IS NULL`,
);

/** What stands between the disks of all sites and the store. */
export async function archiveBacklog(tx: ReadTx): Promise<ArchiveBacklog> {
  return (await tx.first(backlog)) ?? { unarchived: 0, oldestSeconds: 0, restoring: 0 };
}
