import { type AppError, errorKinds } from "../../../core/errors.ts";

/** Refusals whose WHIP status (RFC 9725) is more precise than that of their error code. */
const statusByReason: Record<string, number> = {
  sdp_too_large: 413,
  server_full: 503,
  trickle_unsupported: 405,
  observer: 403,
};

/** HTTP status with which the WHIP edge answers a refusal. */
export function whipStatus(error: AppError): number {
  const reason = error.metadata?.["reason"];
  const precise = typeof reason === "string" ? statusByReason[reason] : undefined;
  return precise ?? errorKinds[error.code].statusCode;
}
