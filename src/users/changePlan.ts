import { recordAudit } from "../audit/record.ts";
import type { Plan } from "../auth/identity.ts";
import { setPlan } from "../auth/plans.ts";
import { orThrow } from "../core/result.ts";
import type { Tx } from "../db/port.ts";
import { planOwner } from "./rules.ts";

/**
 * Sets the plan of a user or an organisation; meetings keep the tier they were created with.
 * @throws AppError NOT_FOUND (no such user), VALIDATION_ERROR with `field` (not exactly one of both, or what is no id)
 */
export async function changePlan(
  tx: Tx,
  request: { userId?: string | undefined; orgId?: string | undefined; plan: Plan },
): Promise<void> {
  const owner = orThrow(planOwner(request));
  await setPlan(tx, owner, request.plan);
  const resource =
    "orgId" in owner
      ? ({ resourceType: "organization", resourceId: owner.orgId, orgId: owner.orgId } as const)
      : ({ resourceType: "user", resourceId: owner.userId } as const);
  const metadata = { plan: request.plan };
  await recordAudit(tx, { ...resource, action: "plan.set", metadata });
}
