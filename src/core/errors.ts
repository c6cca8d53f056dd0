/** Who has to act: the caller, a service we depend on, or us. Decides log level and what a caller is told. */
export type Blame = "caller" | "provider" | "us";

interface ErrorKind {
  readonly statusCode: number;
  readonly blame: Blame;
}

/** Every error code a caller can meet, with its HTTP-style status. The one table all edges translate from. */
export const errorKinds = {
  UNAUTHORIZED: { statusCode: 401, blame: "caller" },
  FORBIDDEN: { statusCode: 403, blame: "caller" },
  INSUFFICIENT_PERMISSIONS: { statusCode: 403, blame: "caller" },
  NOT_FOUND: { statusCode: 404, blame: "caller" },
  VALIDATION_ERROR: { statusCode: 400, blame: "caller" },
  MEETING_NOT_ACTIVE: { statusCode: 400, blame: "caller" },
  CONFLICT: { statusCode: 409, blame: "caller" },
  RATE_LIMIT_EXCEEDED: { statusCode: 429, blame: "caller" },
  STREAM_ERROR: { statusCode: 502, blame: "provider" },
  EXTERNAL_SERVICE_TIMEOUT: { statusCode: 504, blame: "provider" },
  INTERNAL_ERROR: { statusCode: 500, blame: "us" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** Facts a program can act on; shallow JSON. */
export type ErrorMetadata = Record<string, string | number | boolean | null | readonly string[]>;

/** The public face of an error: exactly what a client receives as `errorData`. */
export interface ErrorData {
  code: ErrorCode;
  message: string;
  statusCode: number;
  metadata?: ErrorMetadata;
}

const brand = Symbol.for("connvo.AppError");

/** An error whose code, message and metadata are meant for the caller; its `cause` never leaves the server. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly metadata: ErrorMetadata | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, metadata?: ErrorMetadata, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AppError";
    this.code = code;
    this.metadata = metadata;
  }

  get blame(): Blame {
    return errorKinds[this.code].blame;
  }

  get statusCode(): number {
    return errorKinds[this.code].statusCode;
  }

  /** The object sent to clients as `errorData`. */
  toData(): ErrorData {
    const { code, message, statusCode, metadata } = this;
    return metadata === undefined
      ? { code, message, statusCode }
      : { code, message, statusCode, metadata };
  }
}

/** True for an AppError, also one made by another copy of this module. */
export function isAppError(error: unknown): error is AppError {
  return typeof error === "object" && error !== null && brand in error;
}
