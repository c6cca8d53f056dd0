import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { statement } from "../db/port.ts";
import type { User } from "./identity.ts";
import { administers } from "./ownUser.ts";
import type { InsightGrant, PermissionRequest } from "./permission.ts";
import { findUserById } from "./users.ts";

const findInsight = statement<{
  id: string;
  meetingId: string;
  userId: string;
  orgId: string | null;
}>(
  "auth.findInsight",
  `SELECT i.id, i.meeting_id AS "meetingId", i.user_id AS "userId", m.org_id AS "orgId"
   FROM insights i JOIN meetings m ON m.id = i.meeting_id WHERE i.id = $1`,
);

/**
 * The insight that an argument names, for its owner, administrators of the organisation that both its owner and its meeting
 * belong to, and the administration key, which is no user. Refusals: NOT_FOUND, also where it is none of the caller's business
 */
export async function ownedInsight(
  { tx, args }: PermissionRequest,
  caller: User | undefined,
  argument: string,
): Promise<Result<InsightGrant>> {
  const id = args[argument];
  const insight =
    typeof id === "string" && /^[\w-]{1,64}$/.test(id)
      ? await tx.first(findInsight, [id])
      : undefined;
  const person = insight && (await findUserById(tx, insight.userId));
  if (insight && person && (caller === undefined || maySee(caller, person, insight)))
    return ok({ user: caller, participant: undefined, person, insight });
  const shown = typeof id === "string" ? id.slice(0, 64) : null;
  return refuse(new AppError("NOT_FOUND", "Insight not found", { id: shown }));
}

/** Whether somebody may see what a person has of a meeting: their own, or their organisation's. */
export function maySee(caller: User, owner: User, meeting: { orgId: string | null }): boolean {
  if (caller.id === owner.id) return true;
  return administers(caller, owner) && caller.orgId === meeting.orgId;
}
