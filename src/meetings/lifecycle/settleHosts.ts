import { statement, type Tx } from "../../db/port.ts";
import type { MeetingServices } from "../services.ts";
import { lockMeeting } from "../store.ts";
import { cancelMeeting, endMeeting } from "./endMeeting.ts";

/** Put off rather than cleared: whoever has claimed a meeting and dies leaves it to the next one. */
const claim = statement<{ id: string }>(
  "meetings.claimHostChecks",
  `UPDATE meetings SET host_check_at = app_now() + interval '30 seconds'
   WHERE id IN (
     SELECT id FROM meetings WHERE host_check_at <= app_now()
     ORDER BY host_check_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
   RETURNING id`,
);

const hasHost = statement<{ present: boolean }>(
  "meetings.hasActiveHost",
  `SELECT EXISTS (SELECT 1 FROM meeting_participants p JOIN users u ON u.id = p.user_id
     WHERE p.meeting_id = $1 AND p.role = 'host' AND u.is_active) AS present`,
);

const done = statement(
  "meetings.hostChecked",
  "UPDATE meetings SET host_check_at = NULL WHERE id = $1",
);

/**
 * Cancels or ends meetings whose hosts are all deactivated, since nobody could any more. Safe on any number of nodes at once.
 * To be called about once a second.
 * @returns how many were looked at: `limit` = there may be others
 */
export async function settleHosts(services: MeetingServices, limit = 16): Promise<number> {
  const due = await services.db.transaction((tx) => tx.all(claim, [limit]));
  for (const { id } of due) {
    try {
      await services.db.transaction((tx) => settleOne(tx, services, id));
    } catch (error) {
      const fields = { err: error, meetingId: id };
      services.log.warn(fields, "a meeting without hosts is not over yet; it is tried again");
    }
  }
  return due.length;
}

async function settleOne(tx: Tx, services: MeetingServices, meetingId: string): Promise<void> {
  const { state } = await lockMeeting(tx, meetingId);
  const isLed = (await tx.first(hasHost, [meetingId]))?.present === true;
  if (!isLed && state === "scheduled") await cancelMeeting(tx, meetingId);
  if (!isLed && state === "active") await endMeeting(tx, services, meetingId);
  await tx.run(done, [meetingId]);
}
