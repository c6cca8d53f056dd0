import type { StreamClient } from "@stream-io/node-sdk";
import { AppError, type ErrorMetadata, isAppError } from "../../core/errors.ts";

export const service = "getstream";

/** What was being done when it failed. */
export interface FailedRequest {
  /** The operation of our port, e.g. `startRecording`. */
  operation: string;
  /** Whether the request changes anything that matters if it is carried out unseen. */
  changes: boolean;
  timeoutMs: number;
  /** When a request refused for its rate may be sent again, ms. */
  retryAfterMs: number;
}

/** What the SDK keeps of an answer beside its body, be it a success or an error. */
export type Answered = Partial<
  Awaited<ReturnType<StreamClient["video"]["getCall"]>>["metadata"]
> & { clientRequestId: string };

/** The SDK's error class is not exported; this is what one looks like. */
interface SdkError extends Error {
  code?: unknown;
  metadata: Answered;
}

/** Socket codes of a request that never left this machine. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

/**
 * One failure of the SDK as ours: EXTERNAL_SERVICE_TIMEOUT `{service, operation, timeoutMs}` or STREAM_ERROR
 * `{operation, providerStatus?, providerCode?, retryAfterMs?}`. `outcome: "none"` is added when nothing can have
 * changed. The provider's own words stay in `cause`.
 */
export function toAppError(error: unknown, request: FailedRequest): AppError {
  if (isAppError(error)) return error;
  if (!isSdkError(error)) return broken(error, request);
  const { responseCode } = error.metadata;
  if (responseCode !== undefined) return answered(error, responseCode, request);
  return error.code === undefined ? timedOut(error, request) : broken(error, request);
}

/** Whether `error` is Stream's answer with this HTTP status. */
export function isAnswer(error: unknown, ...statuses: number[]): error is AppError {
  if (!isAppError(error) || error.code !== "STREAM_ERROR") return false;
  return statuses.includes(Number(error.metadata?.["providerStatus"]));
}

/** What is known of an answer, from what the SDK gave or threw; undefined where none came. */
export function answeredBy(given: unknown): Answered | undefined {
  const { metadata } = (given ?? {}) as { metadata?: Partial<Answered> };
  return metadata?.clientRequestId !== undefined && metadata.responseCode !== undefined
    ? (metadata as Answered)
    : undefined;
}

/** A request that Stream refuses for its rate, or would: nothing has changed. */
export function rateLimited(operation: string, retryAfterMs: number): AppError {
  const metadata = { operation, providerStatus: 429, retryAfterMs, outcome: "none" };
  return new AppError("STREAM_ERROR", textFor(429), metadata);
}

function isSdkError(error: unknown): error is SdkError {
  if (!(error instanceof Error) || !("metadata" in error)) return false;
  const { metadata } = error;
  return typeof metadata === "object" && metadata !== null && "clientRequestId" in metadata;
}

/** For a body that is no JSON the SDK repeats the status as code; that is no code of Stream's. */
function answered(error: SdkError, providerStatus: number, request: FailedRequest): AppError {
  const { code } = error;
  const refused = providerStatus < 500 && providerStatus !== 408;
  const metadata: ErrorMetadata = {
    operation: request.operation,
    providerStatus,
    ...(typeof code === "number" && code !== providerStatus ? { providerCode: code } : {}),
    ...(providerStatus === 429 ? { retryAfterMs: request.retryAfterMs } : {}),
    ...(refused || !request.changes ? { outcome: "none" } : {}),
  };
  return new AppError("STREAM_ERROR", textFor(providerStatus), metadata, error);
}

function textFor(status: number): string {
  if (status === 429) return "The video provider's rate limit is reached; try again later";
  if (status === 401 || status === 403) return "The video provider refused our credentials";
  if (status === 404) return "The video provider does not know this room";
  return status < 500
    ? "The video provider refused the request"
    : "The video provider failed; try again";
}

function timedOut(error: SdkError, { operation, timeoutMs, changes }: FailedRequest): AppError {
  return new AppError(
    "EXTERNAL_SERVICE_TIMEOUT",
    "The video provider did not answer in time",
    { service, operation, timeoutMs, ...(changes ? {} : { outcome: "none" }) },
    error,
  );
}

function broken(error: unknown, { operation, changes }: FailedRequest): AppError {
  const untouched = !changes || neverSent.has(socketCode(error));
  return new AppError(
    "STREAM_ERROR",
    "The connection to the video provider broke; try again",
    { operation, ...(untouched ? { outcome: "none" } : {}) },
    error,
  );
}

/** The SDK keeps the original error in `code`, and that one its socket error in `cause`. */
function socketCode(error: unknown): string {
  const original = isSdkError(error) ? error.code : error;
  const cause = original instanceof Error ? original.cause : undefined;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
