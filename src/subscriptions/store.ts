import { type Database, namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Priority, Subscription } from "./subscription.ts";

/** How long a subscription lasts before it has to be established again. */
const lifetime = "interval '1 hour'";

/** Subscriptions of one user; the one that was established longest ago gives way to another. */
export const mostSubscriptions = 100;

const columns = `s.user_id AS "userId", s.subscription_id AS "subscriptionId", s.meeting_id AS "meetingId",
  s.resource_type AS "resourceType", s.priority, s.established_at AS "establishedAt", s.valid_until AS "validUntil",
  s.valid_until > app_now() AS "isOpen"`;

const findByName = statement<Subscription>(
  "subscriptions.find",
  `SELECT ${columns} FROM subscriptions s WHERE s.user_id = $1 AND s.subscription_id = $2`,
);

interface Wish {
  userId: string;
  subscriptionId: string;
  meetingId: string;
  resourceType: string;
  priority: Priority;
}

const insert = namedStatement<Record<never, never>, Wish>(
  "subscriptions.insert",
  `INSERT INTO subscriptions (user_id, subscription_id, meeting_id, resource_type, priority, valid_until)
   VALUES (:userId, :subscriptionId, :meetingId, :resourceType, :priority, app_now() + ${lifetime})
   ON CONFLICT DO NOTHING`,
);

/** Of a figure: what it is of something new, else as it was. */
const begun = (figure: string, first: string) =>
  `${figure} = CASE WHEN o.is_same THEN s.${figure} ELSE ${first} END`;

/** The same as before goes on; something else, or what has run out, begins anew. */
const renew = namedStatement<{ isNew: boolean; validUntil: number }, Wish>(
  "subscriptions.renew",
  `UPDATE subscriptions s SET meeting_id = :meetingId, resource_type = :resourceType, priority = :priority,
     ${begun("established_at", "app_now()")}, valid_until = app_now() + ${lifetime}, ${begun("updates", "0")},
     ${begun("failures", "0")}, ${begun("timed", "0")}, ${begun("latency_ms", "0")}, ${begun("late", "0")},
     ${begun("updated_at", "NULL")}
   FROM (SELECT user_id, subscription_id, meeting_id = :meetingId AND resource_type = :resourceType
       AND valid_until > app_now() AS is_same
     FROM subscriptions WHERE user_id = :userId AND subscription_id = :subscriptionId FOR UPDATE) o
   WHERE s.user_id = o.user_id AND s.subscription_id = o.subscription_id
   RETURNING NOT o.is_same AS "isNew", s.valid_until AS "validUntil"`,
);

const removeSurplus = statement(
  "subscriptions.removeSurplus",
  `DELETE FROM subscriptions WHERE (user_id, subscription_id) IN (
     SELECT user_id, subscription_id FROM subscriptions WHERE user_id = $1
     ORDER BY valid_until DESC, subscription_id OFFSET ${mostSubscriptions})`,
);

const remove = statement<Subscription>(
  "subscriptions.remove",
  `DELETE FROM subscriptions s WHERE s.user_id = $1 AND s.subscription_id = $2 RETURNING ${columns}`,
);

const removeOver = statement<{ userId: string }>(
  "subscriptions.removeOver",
  `DELETE FROM subscriptions WHERE ctid IN (
     SELECT ctid FROM subscriptions WHERE valid_until <= app_now() LIMIT $1 FOR UPDATE SKIP LOCKED)
   RETURNING user_id AS "userId"`,
);

/** A user's subscription of that name, also one that has run out a moment ago. */
export function findSubscription(
  tx: ReadTx,
  userId: string,
  subscriptionId: string,
): Promise<Subscription | undefined> {
  tx.reads(`subscriptions:${userId}`);
  return tx.first(findByName, [userId, subscriptionId]);
}

/** Establishes a subscription, or makes it last longer. `isNew`: it was not there, or was to something else. */
export async function keepSubscription(tx: Tx, wish: Wish) {
  tx.writes(`subscriptions:${wish.userId}`);
  for (;;) {
    const inserted = await tx.run(insert, insert.bind(wish));
    const kept = await tx.first(renew, renew.bind(wish));
    // It was there, and was ended before it could be locked.
    if (!kept) continue;
    if (inserted > 0) await tx.run(removeSurplus, [wish.userId]);
    return { isNew: inserted > 0 || kept.isNew, validUntil: kept.validUntil };
  }
}

/** Ends a subscription. @returns what it was, if there was one that had not run out */
export async function removeSubscription(
  tx: Tx,
  userId: string,
  subscriptionId: string,
): Promise<Subscription | undefined> {
  tx.writes(`subscriptions:${userId}`);
  const removed = await tx.first(remove, [userId, subscriptionId]);
  return removed?.isOpen ? removed : undefined;
}

/** Removes subscriptions that have run out, and tells those who watch theirs. @returns how many; `limit` = there may be others */
export function removeOverSubscriptions(db: Database, limit: number): Promise<number> {
  return db.transaction(async (tx) => {
    const removed = await tx.all(removeOver, [limit]);
    tx.writes(...removed.map(({ userId }) => `subscriptions:${userId}` as const));
    return removed.length;
  });
}
