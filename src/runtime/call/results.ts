import { getConvexSize, type Value } from "convex/values";
import type { RegisteredFunction } from "../registry.ts";
import { describeValidator } from "../values/printing.ts";
import { encodeValue, type Format } from "../values/values.ts";
import { maxConvexSize, surelySmall } from "./arguments.ts";
import { RefusedCall } from "./failures.ts";
import { oversizedResult } from "./refusals.ts";

/** A function returned what its own validator forbids; names the place, never the value. */
export class ResultMismatchError extends Error {
  override name = "ResultMismatchError";
}

/**
 * Checks what a handler returned (`undefined` counts as null) and writes it as JSON text.
 * @throws ResultMismatchError, or RefusedCall when it is larger than a client may be sent
 */
export function writeResult(fn: RegisteredFunction, returned: unknown, format: Format): string {
  const value = returned === undefined ? null : returned;
  const mismatch = fn.checkResult(value);
  if (mismatch !== undefined) {
    const { reason, path, field, validator } = mismatch;
    throw new ResultMismatchError(
      `ReturnsValidationError in ${fn.name} at result${path}: ${reason}${field === undefined ? "" : ` ${field}`}, expected ${describeValidator(validator)}`,
    );
  }
  const json = JSON.stringify(encodeValue(value, format));
  if (json.length > surelySmall) refuseTooLarge(fn.name, value);
  return json;
}

function refuseTooLarge(name: string, value: unknown): void {
  const size = getConvexSize(value as Value);
  if (size > maxConvexSize) throw new RefusedCall(oversizedResult(name, size));
}
