import type { User } from "../../auth/identity.ts";
import { holdUserById } from "../../auth/users.ts";
import { AppError } from "../../core/errors.ts";
import type { Tx } from "../../db/port.ts";

/**
 * Whose meeting is being created: the caller's own, or with the administration key (no caller) anybody's.
 * @throws AppError FORBIDDEN (another user), VALIDATION_ERROR (nobody named), NOT_FOUND (no such active user)
 */
export async function organizerOf(
  tx: Tx,
  caller: User | undefined,
  organizerId: string | undefined,
): Promise<User> {
  if (caller) {
    if (organizerId === undefined || organizerId === caller.id) return caller;
    throw new AppError("FORBIDDEN", "You can create meetings of your own only");
  }
  if (organizerId === undefined) {
    const message = "The administrator has to name the organiser";
    throw new AppError("VALIDATION_ERROR", message, { field: "organizerId" });
  }
  const organizer = await holdUserById(tx, organizerId);
  if (organizer?.isActive) return organizer;
  throw new AppError("NOT_FOUND", "User not found", { id: organizerId.slice(0, 64) });
}
