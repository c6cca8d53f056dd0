import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { User } from "./identity.ts";
import { adminRole } from "./orgAdmin.ts";
import type { PermissionRequest, PersonGrant } from "./permission.ts";
import { findUserById } from "./users.ts";

/** Whose organisation matters, as a user or as a row has it. */
interface OrgMember {
  orgId?: string | null | undefined;
}

/** Whether `viewer` is an administrator of the organisation that `person` belongs to. */
export function administers(viewer: User, person: OrgMember): boolean {
  return viewer.orgRole === adminRole && isColleague(viewer, person);
}

/** Whether both belong to the same organisation. */
export function isColleague(viewer: User, person: OrgMember): boolean {
  return viewer.orgId !== undefined && viewer.orgId === person.orgId;
}

/**
 * The person that an argument names, for themselves and their organisation's administrators. Who does not exist and who is
 * none of the caller's business look alike. Refusals: FORBIDDEN
 */
export async function ownOrAdministered(
  { tx, args }: PermissionRequest,
  caller: User,
  argument: string,
): Promise<Result<PersonGrant>> {
  const id = args[argument];
  const person = id === caller.id ? caller : await personOf(tx, id);
  if (person && (person.id === caller.id || administers(caller, person)))
    return ok({ user: caller, participant: undefined, person });
  const message = "Only the user themselves or an administrator of their organisation may do this";
  return refuse(new AppError("FORBIDDEN", message));
}

/** The person that the administration key names. Refusals: NOT_FOUND */
export async function anyPerson(
  { tx, args }: PermissionRequest,
  argument: string,
): Promise<Result<PersonGrant>> {
  const id = args[argument];
  const person = await personOf(tx, id);
  if (person) return ok({ user: undefined, participant: undefined, person });
  const shown = typeof id === "string" ? id.slice(0, 64) : null;
  return refuse(new AppError("NOT_FOUND", "User not found", { id: shown }));
}

async function personOf(tx: PermissionRequest["tx"], id: unknown): Promise<User | undefined> {
  return typeof id === "string" && /^[\w-]{1,64}$/.test(id) ? findUserById(tx, id) : undefined;
}
