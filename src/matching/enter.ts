import { recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { limitCalls } from "../auth/limitedCalls.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import type { Tx } from "../db/port.ts";
import { now } from "../meetings/store.ts";
import { settingsView } from "../users/settings.ts";
import { openMatchOf } from "./matchStore.ts";
import { lockOwnEntry, moveEntry, putEntry } from "./queueStore.ts";
import { checkEntry, type EntryRequest } from "./rules.ts";

const limit = { action: "matchingQueue", calls: 5, windowMs: 60_000 } as const;

/**
 * Makes somebody wait for others; what they entered before is replaced. Returns the entry's id.
 * @throws AppError VALIDATION_ERROR with `field` or `reason` (`profile_hidden`, `matched`), RATE_LIMIT_EXCEEDED
 */
export async function enterQueue(tx: Tx, user: User, request: EntryRequest): Promise<string> {
  const facts = { now: await now(tx), orgId: user.orgId };
  const constraints = orThrow(checkEntry(request, facts));
  await limitCalls(tx, user.id, limit);
  if ((await settingsView(tx, user.id))?.profileVisibility === false) {
    const message = "Nobody is matched with a hidden profile; show yours in the settings first";
    throw new AppError("VALIDATION_ERROR", message, { reason: "profile_hidden" });
  }
  const entryId = await putEntry(tx, user.id, request, constraints);
  // Looked for last: who matches the entry that is replaced is waited for.
  if (await openMatchOf(tx, user.id)) {
    const message = "You have been matched; decline that first, or meet";
    throw new AppError("VALIDATION_ERROR", message, { reason: "matched" });
  }
  await recordAudit(tx, {
    ...{ actorUserId: user.id, orgId: user.orgId, resourceType: "queueEntry", resourceId: entryId },
    action: "queueEntry.enter",
  });
  return entryId;
}

/**
 * Somebody waits no longer.
 * @throws AppError NOT_FOUND (nothing waits; no such entry of theirs), VALIDATION_ERROR (it waits no longer, with its `reason`)
 */
export async function leaveQueue(tx: Tx, user: User, entryId: string | undefined): Promise<void> {
  const entry = await lockOwnEntry(tx, user.id, entryId);
  if (!entry) {
    const id = entryId?.slice(0, 64) ?? null;
    throw new AppError("NOT_FOUND", "You are not in the queue", { id });
  }
  if (entry.status !== "waiting") {
    const message =
      entry.status === "matched"
        ? "You have been matched; decline the match instead"
        : "This entry waits no longer";
    throw new AppError("VALIDATION_ERROR", message, { field: "queueId", reason: entry.status });
  }
  await moveEntry(tx, { id: entry.id, userId: user.id }, "cancelled");
  await recordAudit(tx, {
    ...{ actorUserId: user.id, orgId: user.orgId },
    ...{ resourceType: "queueEntry", resourceId: entry.id, action: "queueEntry.cancel" },
  });
}
