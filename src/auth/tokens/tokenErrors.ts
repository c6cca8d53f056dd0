import { errors, type JWTPayload } from "jose";
import { AuthError } from "../authError.ts";
import type { Issuer } from "../issuers/issuer.ts";
import { IssuerFetchError } from "../issuers/issuerFetch.ts";
import { failureHoldMs } from "../issuers/keySource.ts";

/** What is told about a token; the texts are those of Convex's own server. */
export const tokenErrors = {
  unreadable: () =>
    invalid(
      "Could not parse JWT payload. Check that the token is a valid JWT format with three base64-encoded parts separated by dots.",
    ),
  withoutIssuer: () =>
    invalid(
      "Missing issuer claim ('iss') in JWT payload. The JWT must include an 'iss' claim that matches one of your configured auth providers.",
    ),
  withoutKeyId: () =>
    invalid("Could not decode token. JWT may be missing a 'kid' (key ID) header."),
  foreign: (issuers: readonly Issuer[]) =>
    new AuthError(
      401,
      "NoAuthProvider",
      `No auth provider found matching the given token${advice(issuers)}`,
    ),
  badClaims: () =>
    invalid(
      "Could not verify token claim. Check that the JWT contains valid claims and matches your auth provider configuration.",
    ),
  notYetValid: (seconds: number) =>
    invalid(`Could not validate token: Token will be valid in ${seconds} seconds`),
} as const;

/** Translates a failed verification; anything that is not about the token or its issuer is returned as it came. */
export function tokenError(error: unknown, issuer: Issuer, kid: unknown, now: number): unknown {
  if (error instanceof IssuerFetchError) return fetchError(error, issuer);
  const refusal = error instanceof AuthError ? error : claimOrKeyError(error, kid, now);
  if (refusal === undefined) return error;
  return issuer.keys.from === "discovery" ? unauthenticated(error) : refusal;
}

function claimOrKeyError(error: unknown, kid: unknown, now: number): AuthError | undefined {
  if (error instanceof errors.JWTExpired) return expired(error.payload, now);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim !== "nbf" || error.reason !== "check_failed") return tokenErrors.badClaims();
    return tokenErrors.notYetValid(secondsUntil(error.payload.nbf, now));
  }
  if (!(error instanceof errors.JOSEError)) return undefined;
  return typeof kid === "string"
    ? invalid(
        `Could not decode token. The JWT's 'kid' (key ID) header is '${kid.slice(0, 100)}', does this key match any key in the provider's JWKS?`,
      )
    : tokenErrors.withoutKeyId();
}

function expired(payload: JWTPayload, now: number): AuthError {
  const seconds = -secondsUntil(payload.exp, now);
  return invalid(`Could not validate token: Token expired ${seconds} seconds ago`);
}

function secondsUntil(time: number | undefined, now: number): number {
  return Math.ceil((time ?? 0) - now / 1000);
}

function unauthenticated(cause: unknown): AuthError {
  return new AuthError(
    401,
    "Unauthenticated",
    "Could not verify OIDC token claim. Check that the token signature is valid and the token hasn't expired.",
    { cause },
  );
}

function fetchError(error: IssuerFetchError, issuer: Issuer): AuthError {
  const details = { blame: "provider", retryAfterMs: failureHoldMs, cause: error } as const;
  if (issuer.keys.from === "discovery") {
    return new AuthError(
      discoveryStatus(error.status),
      "AuthProviderDiscoveryFailed",
      `Auth provider discovery of ${issuer.name} failed: ${error.message}`,
      details,
    );
  }
  const text = `Could not fetch JWKS from URL '${error.url}': ${error.message}. Check that the URL is correct and accessible.`;
  return new AuthError(401, "InvalidAuthHeader", text, details);
}

/** The provider's own kind of failure, as far as it says something about the request. */
function discoveryStatus(status: number | undefined): number {
  if (status === undefined) return 400;
  if (status >= 500) return 503;
  return [401, 403, 404, 429].includes(status) ? status : 400;
}

function advice(issuers: readonly Issuer[]): string {
  if (issuers.length === 0) {
    return " (no providers configured). Set WORKOS_CLIENT_ID, CONNVO_OIDC_ISSUER or CONNVO_LOCAL_AUTH.";
  }
  const names = issuers.map(({ keys, name, audience }) =>
    keys.from === "discovery"
      ? `OIDC(domain=${name}, app_id=${audience})`
      : `CustomJWT(issuer=${name}, app_id=${audience})`,
  );
  return `. Check that your JWT's issuer and audience match one of your configured providers: [${names.join(", ")}]`;
}

function invalid(message: string): AuthError {
  return new AuthError(401, "InvalidAuthHeader", message);
}
