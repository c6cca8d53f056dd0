import { AppError } from "../errors.ts";
import { ok, type Result, refuse } from "../result.ts";

/**
 * The exact sliding window: refuses when `limit` calls lie in the last `windowMs`.
 * @param recent newest first, epoch ms; at least the newest `limit` of them
 */
export function admit(
  action: string,
  recent: readonly number[],
  limit: number,
  windowMs: number,
  now: number,
): Result<void> {
  const oldestCounted = recent[limit - 1];
  if (oldestCounted === undefined || oldestCounted <= now - windowMs) return ok(undefined);
  const retryAfterMs = Math.max(1, Math.ceil(oldestCounted + windowMs - now));
  return refuse(
    new AppError(
      "RATE_LIMIT_EXCEEDED",
      `At most ${limit} in ${windowMs / 1000} s; try again in ${Math.ceil(retryAfterMs / 1000)} s`,
      { action, limit, retryAfterMs },
    ),
  );
}
