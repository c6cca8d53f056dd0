/** What a page can meet: the server's own codes, and two of ours for when it does not answer as it should. */
export type ApiErrorCode =
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "INSUFFICIENT_PERMISSIONS"
  | "NOT_FOUND"
  | "VALIDATION_ERROR"
  | "MEETING_NOT_ACTIVE"
  | "CONFLICT"
  | "RATE_LIMIT_EXCEEDED"
  | "STREAM_ERROR"
  | "EXTERNAL_SERVICE_TIMEOUT"
  | "INTERNAL_ERROR"
  /** It answers, but cannot serve now (its database is away, it is starting or stopping). */
  | "UNAVAILABLE"
  /** No answer at all: it is down, or the network is. */
  | "OFFLINE";

/** Facts that come with a refusal; shallow JSON. */
export type ApiErrorMetadata = Record<string, string | number | boolean | null | readonly string[]>;

/** Everything a call of the server can fail with. `statusCode` is 0 when there was no answer. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly statusCode: number;
  readonly metadata: ApiErrorMetadata;

  constructor(
    code: ApiErrorCode,
    message: string,
    statusCode: number,
    metadata: ApiErrorMetadata = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.statusCode = statusCode;
    this.metadata = metadata;
  }

  /** Whether the server could not be asked, rather than having said no: worth asking again. */
  get isOutage(): boolean {
    return this.code === "OFFLINE" || this.code === "UNAVAILABLE" || this.code === "INTERNAL_ERROR";
  }
}
