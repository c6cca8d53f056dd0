import { admit } from "../core/limits/slidingWindow.ts";
import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";

/** How often a person may do something. */
export interface CallLimit {
  /** What a refusal calls it. */
  action: string;
  calls: number;
  windowMs: number;
}

const lock = statement("limits.lockCaller", "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE");

const recentCalls = statement<{ now: number; recent: number[] }>(
  "limits.recent",
  `SELECT app_now() AS now, ARRAY(
     SELECT (extract(epoch FROM at) * 1000)::double precision FROM limited_calls
     WHERE user_id = $1 AND action = $2 ORDER BY at DESC LIMIT $3) AS recent`,
);

const count = statement(
  "limits.count",
  "INSERT INTO limited_calls (user_id, action, at) VALUES ($1, $2, app_now())",
);

/** Calls of one user that are counted against a limit take turns, until the transaction ends. */
export async function lockCaller(tx: Tx, userId: string): Promise<void> {
  await tx.first(lock, [userId]);
}

/**
 * Counts a call of somebody, unless they have made all they may; one whose transaction fails does not count.
 * @returns how many more they may make now
 * @throws AppError RATE_LIMIT_EXCEEDED with `action`, `limit` and `retryAfterMs`
 */
export async function limitCalls(
  tx: Tx,
  userId: string,
  { action, calls, windowMs }: CallLimit,
): Promise<number> {
  await lockCaller(tx, userId);
  const found = await tx.first(recentCalls, [userId, action, calls]);
  if (!found) throw new Error("the database did not count");
  orThrow(admit(action, found.recent, calls, windowMs, found.now));
  await tx.run(count, [userId, action]);
  const counted = found.recent.filter((at) => at > found.now - windowMs).length;
  return calls - counted - 1;
}
