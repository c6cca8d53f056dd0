import { hash } from "node:crypto";
import { AppError } from "../core/errors.ts";
import { statement, type Tx } from "../db/port.ts";

/** One call under a key that its client has chosen. */
export interface KeyedCall {
  userId: string;
  /** What the key is for; keys of different scopes are strangers to each other. */
  scope: string;
  key: string;
  /** What was asked for, without the key. */
  request: object;
}

const longestKey = 255;
/** How long a repeat is recognised, and a key cannot be used for anything else. */
const keptFor = "interval '24 hours'";

const forgetOld = statement(
  "idempotency.forgetOld",
  `DELETE FROM idempotency_keys WHERE user_id = $1 AND created_at < app_now() - ${keptFor}`,
);

/** Waits for another transaction that has just claimed the key; nobody who is rolled back has. */
const claim = statement(
  "idempotency.claim",
  `INSERT INTO idempotency_keys (user_id, scope, key_hash, request_hash) VALUES ($1, $2, $3, $4)
   ON CONFLICT (user_id, scope, key_hash) DO NOTHING`,
);

const find = statement<{ requestHash: string; result: unknown }>(
  "idempotency.find",
  `SELECT request_hash AS "requestHash", result FROM idempotency_keys
   WHERE user_id = $1 AND scope = $2 AND key_hash = $3`,
);

const complete = statement(
  "idempotency.complete",
  `UPDATE idempotency_keys SET result = $4::jsonb WHERE user_id = $1 AND scope = $2 AND key_hash = $3`,
);

const sha256 = (text: string) => hash("sha256", text, "hex");

/**
 * Does `work` once for a key: a repeat of the same request within 24 hours is answered as the first one was and changes nothing.
 * A call that fails leaves no key behind. Keys and requests are kept as hashes only, results as they are.
 * @throws AppError CONFLICT (the key has been used for another request), VALIDATION_ERROR (not 1 to 255 characters)
 */
export async function onceForKey<T extends object>(
  tx: Tx,
  { userId, scope, key, request }: KeyedCall,
  work: () => Promise<T>,
): Promise<T> {
  if (key.trim() === "" || key.length > longestKey) throw badKey();
  const id = [userId, scope, sha256(key)];
  const requestHash = sha256(canonicalJson(request));
  await tx.run(forgetOld, [userId]);
  if ((await tx.run(claim, [...id, requestHash])) === 0) {
    const known = await tx.first(find, id);
    if (!known) throw new Error("a key that is in the way is not there");
    if (known.requestHash !== requestHash) throw reusedKey();
    return known.result as T;
  }
  const result = await work();
  await tx.run(complete, [...id, JSON.stringify(result)]);
  return result;
}

/** The same text for the same value, in whatever order its fields came. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function badKey(): AppError {
  const message = `idempotencyKey must have 1 to ${longestKey} characters`;
  return new AppError("VALIDATION_ERROR", message, { field: "idempotencyKey", limit: longestKey });
}

function reusedKey(): AppError {
  return new AppError("CONFLICT", "This idempotencyKey came with another request before", {
    field: "idempotencyKey",
    reason: "idempotency_key_reused",
  });
}
