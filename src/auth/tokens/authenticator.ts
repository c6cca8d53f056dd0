import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { isAdminKey } from "../adminKey.ts";
import { AuthError } from "../authError.ts";
import type { Identity } from "../identity.ts";
import type { Issuer } from "../issuers/issuer.ts";
import type { Fetch } from "../issuers/issuerFetch.ts";
import { TokenCache } from "./tokenCache.ts";
import { TokenVerifier } from "./tokenVerifier.ts";

const cachedTokens = 10_000;

export interface AuthenticatorOptions {
  issuers: readonly Issuer[];
  adminKey: string;
  clock: Clock;
  log: Log;
  /** Reads documents of issuers, whose `jwks_uri` may name any address. */
  fetch: Fetch;
}

/** Who credentials prove, and for how long they do. */
export interface Proof {
  readonly identity: Identity;
  /** Epoch ms from which they must be looked at again. */
  readonly goodUntil: number;
}

/** Tells who a request comes from. */
export interface Authenticator {
  /**
   * Reads an `Authorization` header: `Bearer <jwt>`, `Convex <admin key>`, or undefined for nobody.
   * Bad credentials are never taken for none.
   * @throws AuthError
   */
  authenticate(authorization: string | undefined): Promise<Identity>;
}

/** Tells it also of connections that outlast their credentials. */
export interface ConnectionAuthenticator extends Authenticator {
  /** As `authenticate`. @throws AuthError */
  prove(authorization: string | undefined): Promise<Proof>;
}

export function createAuthenticator(options: AuthenticatorOptions): ConnectionAuthenticator {
  const { issuers, adminKey, clock, log } = options;
  const verifier = new TokenVerifier({
    issuers,
    clock,
    log,
    fetch: options.fetch,
  });
  const cache = new TokenCache(cachedTokens);
  const prove = async (authorization: string | undefined): Promise<Proof> => {
    if (authorization === undefined) return forEver({ kind: "anonymous" });
    const { scheme, credentials } = parse(authorization);
    if (scheme === "convex") return forEver(admin(credentials, adminKey));
    return bearer(credentials, verifier, cache, clock);
  };
  return {
    prove,
    authenticate: async (authorization) => (await prove(authorization)).identity,
  };
}

const forEver = (identity: Identity): Proof => ({
  identity,
  goodUntil: Number.POSITIVE_INFINITY,
});

function parse(authorization: string): { scheme: "bearer" | "convex"; credentials: string } {
  if (authorization.length < 7) {
    throw new AuthError(400, "InvalidHeaderFailure", "Invalid authentication header");
  }
  const scheme = authorization.slice(0, 7).toLowerCase();
  const credentials = authorization.slice(7).trim();
  if (scheme === "bearer ") return { scheme: "bearer", credentials };
  if (scheme === "convex ") return { scheme: "convex", credentials };
  throw new AuthError(400, "InvalidAdminKey", "Invalid admin key");
}

function admin(given: string, adminKey: string): Identity {
  if (isAdminKey(given, adminKey)) return { kind: "admin" };
  throw new AuthError(401, "BadAdminKey", "The provided admin key was invalid for this instance");
}

async function bearer(
  token: string,
  verifier: TokenVerifier,
  cache: TokenCache,
  clock: Clock,
): Promise<Proof> {
  const known = cache.get(token, clock.now());
  if (known !== undefined) return known;
  const verified = await verifier.verify(token);
  cache.set(token, verified);
  return verified;
}
