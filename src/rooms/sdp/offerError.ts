import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";

/** What whoever made an offer is told of why it failed: refusals as they are, anything else as an offer that cannot be used. */
export function offerError(error: unknown, log: Log): AppError {
  if (error instanceof AppError) return error;
  log.warn({ err: error }, "an offer could not be used");
  const metadata = { field: "sdp", reason: "sdp_malformed" };
  return new AppError("VALIDATION_ERROR", "The offer cannot be used.", metadata, error);
}
