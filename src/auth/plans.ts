import { AppError } from "../core/errors.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Plan, User } from "./identity.ts";

/** Whose plan: a user's own, or an organisation's. */
export type PlanOwner = { userId: string } | { orgId: string };

/**
 * SQL: the plan of user `u` in the organisation with the id `orgId` (a column; null = in none), of which `o` is the row if
 * there is one. Null where nobody has said anything.
 */
export const planOf = (orgId: string): string =>
  `CASE WHEN u.claimed_plan = 'paid' THEN 'paid' ELSE
     COALESCE(CASE WHEN ${orgId} IS NULL THEN u.plan ELSE o.plan END, u.claimed_plan) END`;

const findEffective = statement<{ plan: Plan | null; org_id: string | null }>(
  "auth.effectivePlan",
  `SELECT u.org_id, ${planOf("u.org_id")} AS plan
   FROM users u LEFT JOIN organizations o ON o.id = u.org_id
   WHERE u.id = $1`,
);

const setUserPlan = statement(
  "auth.setUserPlan",
  "UPDATE users SET plan = $2, updated_at = app_now() WHERE id = $1",
);

const setOrgPlan = statement(
  "auth.setOrgPlan",
  `INSERT INTO organizations (id, plan) VALUES ($1, $2)
   ON CONFLICT (id) DO UPDATE SET plan = EXCLUDED.plan, updated_at = app_now()`,
);

/**
 * The plan of a user: paid if their token claims it; else the organisation's if there is one, or their own; else what the
 * token claims; where nobody has said anything, the default.
 */
export async function effectivePlan(
  tx: ReadTx,
  user: Pick<User, "id">,
  defaultPlan: Plan,
): Promise<Plan> {
  const row = await tx.first(findEffective, [user.id]);
  tx.reads(`user:${user.id}`);
  if (row?.org_id) tx.reads(`org:${row.org_id}`);
  return row?.plan ?? defaultPlan;
}

/**
 * Sets a plan, for administrators. An organisation need not have been seen yet. Meetings keep the tier they
 * were made with.
 * @throws AppError NOT_FOUND for a user that does not exist
 */
export async function setPlan(tx: Tx, owner: PlanOwner, plan: Plan): Promise<void> {
  if ("orgId" in owner) {
    await tx.run(setOrgPlan, [owner.orgId, plan]);
    tx.writes(`org:${owner.orgId}`);
    return;
  }
  const rows = await tx.run(setUserPlan, [owner.userId, plan]);
  if (rows === 0) throw new AppError("NOT_FOUND", "User not found", { id: owner.userId });
  tx.writes(`user:${owner.userId}`);
}
