import { recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { statement, type Tx } from "../db/port.ts";

/** What follows of it for meetings, media and invites is done by triggers: it holds by whatever means it happens. */
const deactivate = statement(
  "users.deactivate",
  "UPDATE users SET is_active = false, updated_at = app_now() WHERE id = $1 AND is_active",
);

/** Waits for what they are just doing, so that the triggers see it, and is waited for by what they do next (`findUser`). */
const lock = statement("users.lockToDeactivate", "SELECT 1 FROM users WHERE id = $1 FOR UPDATE");

const findRunning = statement<{ meetingId: string }>(
  "users.runningMeetings",
  `SELECT p.meeting_id AS "meetingId" FROM meeting_participants p JOIN meetings m ON m.id = p.meeting_id
   WHERE p.user_id = $1 AND m.state = 'active'`,
);

/**
 * Deactivates a user: nothing they hold opens anything any more, their media ends, invites they made let nobody in. Meetings
 * that are left without a host are cancelled or ended soon after.
 * @throws AppError VALIDATION_ERROR (deactivated already)
 */
export async function deactivateUser(
  tx: Tx,
  person: User,
  actorUserId: string | undefined,
): Promise<void> {
  await tx.run(lock, [person.id]);
  if ((await tx.run(deactivate, [person.id])) === 0) {
    throw new AppError("VALIDATION_ERROR", "The user is deactivated already", {
      field: "userId",
      reason: "already_inactive",
    });
  }
  const running = await tx.all(findRunning, [person.id]);
  tx.writes(`user:${person.id}`, ...running.map((row) => `meeting:${row.meetingId}` as const));
  if (person.orgId !== undefined) tx.writes(`org:${person.orgId}`);
  const resource = { resourceType: "user", resourceId: person.id } as const;
  await recordAudit(tx, { actorUserId, ...resource, action: "user.deactivate" });
}
