import {
  type CompactJWSHeaderParameters,
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from "jose";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { UserIdentity } from "../identity.ts";
import { maxIdLength, textClaim } from "../issuers/claims.ts";
import { type Issuer, type SignatureAlgorithm, speaksFor } from "../issuers/issuer.ts";
import { discoverJwksUrl, type Fetch, fetchKeySet } from "../issuers/issuerFetch.ts";
import { type FoundKey, type KeySource, memoryKeys, remoteKeys } from "../issuers/keySource.ts";
import type { VerifiedToken } from "./tokenCache.ts";
import { tokenError, tokenErrors } from "./tokenErrors.ts";

/** Longer than any token an HTTP server of default settings would let through. */
const maxTokenLength = 16_384;
/** How far apart the issuer's clock and ours may be. */
const leewaySeconds = 5;

export interface VerifierOptions {
  issuers: readonly Issuer[];
  clock: Clock;
  log: Log;
  fetch: Fetch;
}

/** Checks signed tokens against the issuers it was made with. */
export class TokenVerifier {
  readonly #options: VerifierOptions;
  readonly #keys: ReadonlyMap<Issuer, KeySource>;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#keys = keySources(options);
  }

  /** @throws AuthError when the token proves nobody */
  async verify(token: string): Promise<VerifiedToken> {
    const { header, claims } = decode(token);
    const { issuer, keys } = this.#issuerOf(claims);
    const now = this.#options.clock.now();
    try {
      requireKeyId(issuer, header);
      const { payload, found } = await checkSignatureAndTimes(token, issuer.algorithm, keys, now);
      const expiry = ((payload.exp ?? 0) + leewaySeconds) * 1000;
      return {
        identity: identityOf(issuer, payload),
        keys,
        revision: found.revision,
        goodUntil: Math.min(expiry, found.goodUntil),
      };
    } catch (error) {
      throw tokenError(error, issuer, header.kid, now);
    }
  }

  #issuerOf(claims: JWTPayload): { issuer: Issuer; keys: KeySource } {
    if (typeof claims.iss !== "string") throw tokenErrors.withoutIssuer();
    for (const [issuer, keys] of this.#keys) {
      if (speaksFor(issuer, claims)) return { issuer, keys };
    }
    throw tokenErrors.foreign(this.#options.issuers);
  }
}

/** One source per address: two issuer names on one key set share its cache. */
function keySources({ issuers, clock, log, fetch }: VerifierOptions): Map<Issuer, KeySource> {
  const byUrl = new Map<string, KeySource>();
  const sourceOf = ({ keys, name }: Issuer): KeySource => {
    if (keys.from === "memory") return memoryKeys(keys.jwks);
    const address = keys.from === "url" ? keys.url : name;
    const load = async () =>
      fetchKeySet(fetch, keys.from === "url" ? keys.url : await discoverJwksUrl(fetch, name));
    const source = byUrl.get(address) ?? remoteKeys({ load, clock, log });
    byUrl.set(address, source);
    return source;
  };
  return new Map(issuers.map((issuer) => [issuer, sourceOf(issuer)]));
}

function decode(token: string): { header: ProtectedHeaderParameters; claims: JWTPayload } {
  if (token.length > maxTokenLength || token.split(".").length !== 3)
    throw tokenErrors.unreadable();
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw tokenErrors.unreadable();
  }
}

/** OpenID Connect lets an issuer with a single key leave `kid` out. */
function requireKeyId(issuer: Issuer, header: ProtectedHeaderParameters): void {
  if (issuer.keys.from !== "discovery" && typeof header.kid !== "string") {
    throw tokenErrors.withoutKeyId();
  }
}

async function checkSignatureAndTimes(
  token: string,
  algorithm: SignatureAlgorithm,
  keys: KeySource,
  now: number,
): Promise<{ payload: JWTPayload; found: FoundKey }> {
  const lookups: FoundKey[] = [];
  // As a callback, so that jose refuses a foreign algorithm before any key is fetched.
  const findKey = async (header: CompactJWSHeaderParameters) => {
    const found = await keys.find(header);
    lookups.push(found);
    return found.key;
  };
  const { payload } = await jwtVerify(token, findKey, {
    algorithms: [algorithm],
    clockTolerance: leewaySeconds,
    currentDate: new Date(now),
    requiredClaims: ["iss", "sub", "exp"],
  });
  requirePastIssue(payload.iat, now);
  const [found] = lookups;
  if (found === undefined) throw new Error("a token was verified without a key");
  return { payload, found };
}

function requirePastIssue(issuedAt: unknown, now: number): void {
  if (issuedAt === undefined) return;
  if (typeof issuedAt !== "number") throw tokenErrors.badClaims();
  const issuedIn = issuedAt - now / 1000;
  if (issuedIn > leewaySeconds) throw tokenErrors.notYetValid(Math.ceil(issuedIn));
}

function identityOf(issuer: Issuer, claims: JWTPayload): UserIdentity {
  const subject = textClaim(claims, "sub", maxIdLength);
  if (subject === undefined || subject !== claims.sub) throw tokenErrors.badClaims();
  return {
    ...issuer.describe(claims),
    kind: "user",
    issuer: issuer.keptAs ?? claims.iss ?? issuer.name,
    subject,
  };
}
