import { type EntryData, recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { clientName } from "../core/text/clientName.ts";
import { displayProblem } from "../core/text/displayText.ts";
import type { Database, ReadTx, Tx } from "../db/port.ts";
import { accessTo, type Resource, type Validity, validityOf } from "./access.ts";
import { canBeFollowed } from "./rules.ts";
import { findSubscription, keepSubscription, removeSubscription } from "./store.ts";
import type { Priority } from "./subscription.ts";

/** A part of a meeting under a client's name for following it. */
interface Named extends Resource {
  subscriptionId: string;
}

const maxReasonLength = 200;

/** Whoever follows is told of every change and of nothing else: there is no rate at which anybody is cut off. */
const rateLimited = false;

/**
 * Establishes a user's subscription under the client's name for it, or makes it last longer.
 * @throws AppError VALIDATION_ERROR (`subscriptionId`, `resourceType`), NOT_FOUND (not in the meeting), MEETING_NOT_ACTIVE (a
 * transcript that is not being made)
 */
export async function establish(tx: Tx, user: User, wish: Named & { priority?: Priority }) {
  const { resourceType, resourceId, priority = "normal" } = wish;
  const subscriptionId = orThrow(clientName("subscriptionId", wish.subscriptionId));
  const { permissions, state } = orThrow(await accessTo(tx, user.id, wish));
  orThrow(canBeFollowed(resourceType, { id: resourceId, state }));
  const kept = { userId: user.id, subscriptionId, meetingId: resourceId, resourceType, priority };
  const { isNew, validUntil } = await keepSubscription(tx, kept);
  if (isNew) {
    const facts = { resourceType, priority, success: true };
    await note(tx, user, "subscription_established", { subscriptionId, resourceId }, facts);
  }
  return { success: true, subscriptionId, permissions, rateLimited, validUntil };
}

/**
 * Ends a user's subscription; what is not there is no change.
 * @throws AppError VALIDATION_ERROR (`reason`)
 */
export async function terminate(
  tx: Tx,
  user: User,
  { subscriptionId, reason }: { subscriptionId: string; reason?: string },
): Promise<void> {
  if (reason !== undefined) checkReason(reason);
  if (!clientName("subscriptionId", subscriptionId).ok) return;
  const removed = await removeSubscription(tx, user.id, subscriptionId);
  if (!removed) return;
  const { resourceType, meetingId: resourceId } = removed;
  const facts = { resourceType, success: true, ...(reason !== undefined && { reason }) };
  await note(tx, user, "subscription_terminated", { subscriptionId, resourceId }, facts);
}

function checkReason(reason: string): void {
  const problem =
    reason.length > maxReasonLength
      ? `may have ${maxReasonLength} characters at most`
      : displayProblem(reason);
  if (problem === undefined) return;
  const metadata = { field: "reason", limit: maxReasonLength };
  throw new AppError("VALIDATION_ERROR", `reason ${problem}`, metadata);
}

/** How things stand with an established subscription of the user's; of one that is not there nothing can be said. */
export async function established(tx: ReadTx, user: User, subscriptionId: string) {
  const found = clientName("subscriptionId", subscriptionId).ok
    ? await findSubscription(tx, user.id, subscriptionId)
    : undefined;
  if (!found) return { ...over, resourceType: "", resourceId: "", rateLimited };
  const { resourceType, meetingId: resourceId, validUntil } = found;
  const resource = { resourceType, resourceId };
  const validity = found.isOpen ? validityOf(await accessTo(tx, user.id, resource)) : over;
  return { ...validity, ...resource, rateLimited, validUntil };
}

/**
 * How things stand with a subscription to this, established or not: one that the user has established under that name runs out.
 */
export async function validate(tx: ReadTx, user: User, { subscriptionId, ...resource }: Named) {
  const validity = validityOf(await accessTo(tx, user.id, resource));
  const found = clientName("subscriptionId", subscriptionId).ok
    ? await findSubscription(tx, user.id, subscriptionId)
    : undefined;
  const { resourceType, resourceId } = resource;
  if (found?.resourceType !== resourceType || found.meetingId !== resourceId) return validity;
  const { validUntil } = found;
  return { ...(validity.valid && !found.isOpen ? over : validity), validUntil };
}

/** As `established`; one that is not valid goes into the audit log. */
export function validateAndLog(db: Database, user: User, subscriptionId: string) {
  return db.transaction(async (tx) => {
    const found = await established(tx, user, subscriptionId);
    if (!found.valid && clientName("subscriptionId", subscriptionId).ok) {
      const { resourceType, resourceId, reason = "" } = found;
      const facts = { resourceType, reason, success: false };
      await note(tx, user, "subscription_validation_failed", { subscriptionId, resourceId }, facts);
    }
    return found;
  });
}

/** Of one that has run out, was ended, or never was. */
const over: Validity = {
  valid: false,
  permissions: [],
  reason: "The subscription is not established any more",
  shouldReconnect: true,
};

async function note(
  tx: Tx,
  { id: actorUserId, orgId }: User,
  action: string,
  { subscriptionId, resourceId }: { subscriptionId: string; resourceId: string },
  metadata: EntryData,
): Promise<void> {
  await recordAudit(tx, {
    actorUserId,
    resourceType: "subscription",
    resourceId: subscriptionId,
    action,
    metadata,
    ...(resourceId === "" ? { orgId } : { meetingId: resourceId }),
  });
}
