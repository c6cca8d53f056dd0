import { type Database, statement } from "../db/port.ts";
import { lockMeeting, now } from "../meetings/store.ts";
import { eraseTranscript } from "./deleteTranscript.ts";

/** Meetings that ended so long ago and of which something is still written down, the oldest first. */
const due = statement<{ id: string }>(
  "transcripts.expired",
  `SELECT m.id FROM meetings m
   WHERE m.ended_at < app_now() - $1 * interval '24 hours'
     AND EXISTS (SELECT 1 FROM transcripts t WHERE t.meeting_id = m.id)
   ORDER BY m.ended_at LIMIT $2`,
);

/**
 * Deletes what was said in meetings that ended `days` days ago, as a host's deletion does: for good, and with all that
 * quotes it. Each meeting by itself; safe on any number of nodes at once.
 * @returns of how many meetings, `limit` at most
 */
export async function expireTranscripts(
  db: Database,
  days: number,
  limit: number,
): Promise<number> {
  const meetings = await db.transaction((tx) => tx.all(due, [days, limit]));
  for (const { id } of meetings)
    await db.transaction(async (tx) => {
      await lockMeeting(tx, id);
      const why = { reason: "retention", keptDays: days };
      await eraseTranscript(tx, id, { untilMs: Math.floor(await now(tx)), why });
    });
  return meetings.length;
}
