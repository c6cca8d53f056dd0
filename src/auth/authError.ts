import type { Blame } from "../core/errors.ts";

export type AuthErrorCode =
  | "InvalidHeaderFailure"
  | "InvalidAdminKey"
  | "InvalidAuthHeader"
  | "NoAuthProvider"
  | "Unauthenticated"
  | "BadAdminKey"
  | "AuthProviderDiscoveryFailed";

interface AuthErrorDetails {
  /** Default `caller`. */
  blame?: Blame;
  /** How long a client had better wait before it sends the same token again, ms. */
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * Credentials that prove nobody. The edges send `httpStatus` with `toBody()`; code and text are those
 * Convex clients know. With blame `provider` the token may be good but its issuer could not be asked.
 */
export class AuthError extends Error {
  readonly code: AuthErrorCode;
  readonly httpStatus: number;
  readonly blame: Blame;
  readonly retryAfterMs: number | undefined;

  constructor(
    httpStatus: number,
    code: AuthErrorCode,
    message: string,
    details: AuthErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AuthError";
    this.httpStatus = httpStatus;
    this.code = code;
    this.blame = details.blame ?? "caller";
    this.retryAfterMs = details.retryAfterMs;
  }

  /** The response body. */
  toBody(): { code: AuthErrorCode; message: string } {
    return { code: this.code, message: this.message };
  }
}
