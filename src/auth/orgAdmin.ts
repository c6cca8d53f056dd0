import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { User } from "./identity.ts";
import type { OrgGrant, PermissionRequest } from "./permission.ts";

/** The role in a token that makes its bearer an administrator of their organisation. */
export const adminRole = "admin";

/** The organisation that a user administers, which is their own; `asked` may name it. */
export function administeredOrg(user: User, asked: unknown): Result<OrgGrant> {
  const { orgId, orgRole } = user;
  if (orgId === undefined) {
    const message = "This belongs to an organisation, and your sign-in names none; sign in to one";
    return refuse(new AppError("FORBIDDEN", message, { reason: "no_organization" }));
  }
  if (asked !== undefined && asked !== orgId) {
    const id = typeof asked === "string" ? asked.slice(0, 64) : null;
    return refuse(new AppError("NOT_FOUND", "Organisation not found", { id }));
  }
  if (orgRole === adminRole) return ok({ user, participant: undefined, orgId });
  return refuse(
    new AppError("INSUFFICIENT_PERMISSIONS", "Only the organisation's administrators may do this", {
      requiredRole: adminRole,
      currentRole: orgRole ?? null,
    }),
  );
}

/** The organisation that the administration key asks about: any, and always named. */
export function namedOrg(args: PermissionRequest["args"], argument: string): Result<OrgGrant> {
  const orgId = args[argument];
  if (typeof orgId === "string" && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(orgId))
    return ok({ user: undefined, participant: undefined, orgId });
  const message = `With the administration key, name the organisation as ${argument}`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field: argument }));
}
