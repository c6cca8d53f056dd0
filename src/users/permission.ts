import { can } from "../auth/can.ts";
import type { Grant, Permission } from "../auth/permission.ts";

/** An active user, acting for themselves, or the administration key, acting for anybody. */
export const userOrAdmin: Permission<Grant> = {
  requires: "user",
  check: (request) =>
    request.identity.kind === "admin" ? can.admin.check(request) : can.user.check(request),
};
