import { AppError } from "../core/errors.ts";
import type { ReadTx } from "../db/port.ts";
import { accesses, accessTo, type Resource, validityOf } from "./access.ts";
import type { ResourcePermission } from "./rules.ts";

/** Subscriptions looked at in one call. */
const mostRefreshed = 100;

/** What the user may do, and whether that is all of what is required; why not, where they may do nothing. */
export async function checkPermissions(
  tx: ReadTx,
  userId: string,
  { requiredPermissions, ...resource }: Resource & { requiredPermissions: ResourcePermission[] },
) {
  const access = await accessTo(tx, userId, resource);
  if (!access.ok)
    return { granted: false, permissions: [], metadata: { error: access.error.message } };
  const { permissions } = access.value;
  return { granted: isSubset(requiredPermissions, permissions), permissions, metadata: {} };
}

/** A subscription as its client last knew it. */
interface Known extends Resource {
  permissions: string[];
}

/**
 * How things stand with subscriptions that a client had, in their order.
 * @throws AppError VALIDATION_ERROR (more than 100)
 */
export async function refreshPermissions(tx: ReadTx, userId: string, known: readonly Known[]) {
  if (known.length > mostRefreshed) {
    const message = `subscriptions may have ${mostRefreshed} items at most`;
    const metadata = { field: "subscriptions", limit: mostRefreshed };
    throw new AppError("VALIDATION_ERROR", message, metadata);
  }
  return (await accesses(tx, userId, known)).map(({ asked, access }) => {
    const { resourceType, resourceId, permissions } = asked;
    const { valid, permissions: updatedPermissions, reason } = validityOf(access);
    const isSame =
      isSubset(updatedPermissions, permissions) && isSubset(permissions, updatedPermissions);
    const why = reason ?? (isSame ? undefined : "Permissions have changed");
    return {
      resourceType,
      resourceId,
      valid,
      updatedPermissions,
      ...(why !== undefined && { reason: why }),
    };
  });
}

const isSubset = (some: readonly string[], all: readonly string[]) =>
  some.every((one) => all.includes(one));
