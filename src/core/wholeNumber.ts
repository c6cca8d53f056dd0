import { AppError } from "./errors.ts";
import { ok, type Result, refuse } from "./result.ts";

interface Bounds {
  /** Default: 1. */
  min?: number;
  /** Default: no more than JavaScript counts. */
  max?: number;
}

/**
 * The one check of a count or a length of time that somebody sends: never rounded, never bent into its bounds. Refusals are
 * VALIDATION_ERROR with `field`, and `limit` where there is one.
 */
export function wholeNumber(
  field: string,
  value: number,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: Bounds = {},
): Result<number> {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return ok(value);
  const bounded = max < Number.MAX_SAFE_INTEGER;
  const range = bounded ? `from ${min} to ${max}` : `, ${min} or more`;
  const message = `${field} must be a whole number${bounded ? " " : ""}${range}`;
  const metadata = bounded ? { field, limit: max } : { field };
  return refuse(new AppError("VALIDATION_ERROR", message, metadata));
}

const longestPage = 100;

/** How many items of a list are wanted: the first `usual`, or up to 100. Refuses as `wholeNumber` does. */
export function pageLength(limit: number | undefined, usual: number): Result<number> {
  return wholeNumber("limit", limit ?? usual, { max: longestPage });
}
