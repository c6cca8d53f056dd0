import { AppError } from "../core/errors.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Plan, User } from "./identity.ts";

/** Whose plan: a user's own, or an organisation's. */
export type PlanOwner = { userId: string } | { orgId: string };

const findEffective = statement<{ plan: Plan; org_id: string | null }>(
  "auth.effectivePlan",
  `SELECT u.org_id, CASE WHEN u.org_id IS NULL THEN u.plan ELSE COALESCE(o.plan, 'free') END AS plan
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

/** The plan of the user's organisation if there is one, else the user's own. */
export async function effectivePlan(tx: ReadTx, user: Pick<User, "id">): Promise<Plan> {
  const row = await tx.first(findEffective, [user.id]);
  tx.reads(`user:${user.id}`);
  if (row?.org_id) tx.reads(`org:${row.org_id}`);
  return row?.plan ?? "free";
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
