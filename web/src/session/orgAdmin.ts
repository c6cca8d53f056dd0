import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";

type CurrentUser = FunctionReturnType<typeof functions.users.queries.getCurrentUser>;

/** Whether somebody administers an organisation, by what the server holds of them; it decides itself on every call. */
export function administersOrg(user: CurrentUser | undefined): boolean {
  return user?.orgId !== undefined && user.orgRole === "admin";
}
