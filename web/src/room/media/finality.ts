import { ApiError } from "../../api/apiError.ts";

/** Whether asking again cannot help: the server has said no, and not for a reason that passes by itself. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.isOutage) return false;
  const { code, metadata } = error;
  if (code === "STREAM_ERROR" || code === "EXTERNAL_SERVICE_TIMEOUT") return false;
  if (code === "RATE_LIMIT_EXCEEDED") return false;
  return !(code === "CONFLICT" && metadata["reason"] === "replaced");
}
