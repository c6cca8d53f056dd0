import { AppError } from "../errors.ts";
import { ok, type Result, refuse } from "../result.ts";

const maxLength = 128;

/**
 * Whether a client may call a thing of its own that: 1 to 128 visible ASCII characters without spaces. Refusals are
 * VALIDATION_ERROR with `field` and `limit`.
 */
export function clientName(field: string, name: string): Result<string> {
  if (/^[\x21-\x7e]+$/.test(name) && name.length <= maxLength) return ok(name);
  const message = `${field} must be 1 to ${maxLength} visible ASCII characters without spaces`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field, limit: maxLength }));
}
