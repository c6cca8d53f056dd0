import { type AppError, isAppError } from "../core/errors.ts";

/** HTTP statuses below 500 that say "not now" instead of "no". */
const passing = new Set([408, 429]);

function statusOf(error: AppError): number | undefined {
  const status = error.metadata?.["providerStatus"];
  return typeof status === "number" ? status : undefined;
}

/** A failure that may be gone at the next try: a time-out, a broken connection, a 5xx, a rate limit. */
export function isTransient(error: unknown): error is AppError {
  if (!isAppError(error) || error.blame !== "provider") return false;
  const status = statusOf(error);
  return status === undefined || status >= 500 || passing.has(status);
}

/**
 * A failure that says the provider is unwell. A caller's mistake, a refusal and a rate limit are answers of a
 * healthy provider and must never open a breaker.
 */
export function isProviderFault(error: unknown): error is AppError {
  return isTransient(error) && statusOf(error) !== 429;
}

/**
 * Whether the provider may have done what was asked although the call failed. An adapter that knows better says so
 * with `metadata.outcome: "none"`; a refusal is certain by itself, and anything unknown counts as "may have".
 */
export function mayHaveHappened(error: unknown): boolean {
  if (!isAppError(error)) return true;
  return isTransient(error) && error.metadata?.["outcome"] !== "none";
}

/** How long the provider asks to be left alone, ms; 0 when it does not. */
export function retryAfterMs(error: AppError | undefined): number {
  const hint = error?.metadata?.["retryAfterMs"];
  return typeof hint === "number" && Number.isFinite(hint) ? Math.max(0, hint) : 0;
}
