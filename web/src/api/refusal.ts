import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "./apiError.ts";

/** What Convex's clients throw of a call, as what the pages can explain. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const refusal = refusalIn(error);
  if (refusal !== undefined) return refusal;
  const message = error instanceof Error ? error.message : String(error);
  if (/Connection lost while action was in flight/.test(message)) return offline();
  return new ApiError("INTERNAL_ERROR", message, 500);
}

export function offline(): ApiError {
  return new ApiError("OFFLINE", "The server does not answer", 0);
}

/** The function's own refusal, where it is one. */
export function refusalIn(error: unknown): ApiError | undefined {
  if (!(error instanceof Error && "data" in error)) return undefined;
  const { data } = error;
  if (typeof data !== "object" || data === null || !("code" in data)) return undefined;
  const { code, message, statusCode, metadata } = data as {
    code: ApiErrorCode;
    message: string;
    statusCode: number;
    metadata?: ApiErrorMetadata;
  };
  return new ApiError(code, message, statusCode, metadata);
}
