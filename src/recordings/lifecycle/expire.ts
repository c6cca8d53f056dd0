import type { Plan } from "../../auth/identity.ts";
import { planOf } from "../../auth/plans.ts";
import type { Config } from "../../config/config.ts";
import { type Database, namedStatement } from "../../db/port.ts";
import type { Recording } from "../recording.ts";
import { recordingColumns } from "../store.ts";
import { deleteLocked } from "./deleteRecording.ts";

/** For how many days recordings of each plan are kept after their end; null = for ever. */
export type Retention = Readonly<Record<Plan, number | null>>;

/** What the settings say, where 0 means for ever. */
export function retentionOf({
  keepRecordingsDays,
  keepFreeRecordingsDays = keepRecordingsDays,
  keepPaidRecordingsDays = keepRecordingsDays,
}: Pick<
  Config,
  "keepRecordingsDays" | "keepFreeRecordingsDays" | "keepPaidRecordingsDays"
>): Retention {
  return { free: keepFreeRecordingsDays || null, paid: keepPaidRecordingsDays || null };
}

/** SQL: when recording `r` has ended, as the index has it; one that never began has no end of its own. */
const endedAt = "coalesce(r.stopped_at, r.requested_at)";

/** SQL: the plan by which recording `r` is kept, now: of its organisation, or of who started it. */
const plan = `coalesce(${planOf("r.org_id")}, :defaultPlan::text)`;

/** SQL: so many days ago, told once for all rows, so that an index is searched by it; null when there is no number. */
const daysAgo = (days: string) => `(SELECT app_now()) - ${days} * interval '24 hours'`;

const lockExpired = namedStatement<
  Recording & { plan: Plan },
  Retention & { defaultPlan: Plan; limit: number }
>(
  "recordings.lockExpired",
  `SELECT ${recordingColumns}, ${plan} AS plan
   FROM recordings r JOIN users u ON u.id = r.started_by LEFT JOIN organizations o ON o.id = r.org_id
   WHERE r.deleted_at IS NULL AND r.state IN ('processing', 'ready', 'failed')
     AND ${endedAt} < ${daysAgo("least(:free::int, :paid::int)")}
     AND ${endedAt} < ${daysAgo(`CASE ${plan} WHEN 'paid' THEN :paid::int ELSE :free::int END`)}
   ORDER BY ${endedAt} LIMIT :limit FOR UPDATE OF r SKIP LOCKED`,
);

export interface ExpireServices {
  db: Database;
  config: Pick<Config, "defaultPlan">;
}

/**
 * Deletes recordings that have been kept for as long as their plan allows, the oldest first, as a person's deletion does: they
 * are unreachable at once, and their files are removed by settle. Safe on any number of nodes at once.
 * @returns how many were deleted, `limit` at most
 */
export function expireRecordings(
  { db, config: { defaultPlan } }: ExpireServices,
  retention: Retention,
  limit: number,
): Promise<number> {
  return db.transaction(async (tx) => {
    const values = lockExpired.bind({ ...retention, defaultPlan, limit });
    const expired = await tx.all(lockExpired, values);
    for (const recording of expired) {
      const keptDays = retention[recording.plan];
      const why = { reason: "retention", plan: recording.plan, keptDays };
      await deleteLocked(tx, recording, { why });
    }
    return expired.length;
  });
}
