import type { JSONWebKeySet, JWTPayload } from "jose";
import type { UserIdentity } from "../identity.ts";

export type SignatureAlgorithm = "RS256" | "ES256" | "EdDSA";

/** Where an issuer's public keys are. */
export type IssuerKeys =
  | { from: "url"; url: string }
  /** `<issuer>/.well-known/openid-configuration` names the URL. */
  | { from: "discovery" }
  | { from: "memory"; jwks: JSONWebKeySet };

/** One issuer of tokens we accept. */
export interface Issuer {
  /** `iss`; a trailing slash does not count. */
  name: string;
  /** The name its users are kept under when it goes by several; default: `iss` as in the token. */
  keptAs?: string;
  audience: string;
  /** A token without any `aud` passes; one with a foreign `aud` never does. */
  audienceOptional?: true;
  /** The only one accepted, whatever the token's header or the key says. */
  algorithm: SignatureAlgorithm;
  keys: IssuerKeys;
  /** What verified claims say about the user; `issuer` and `subject` are added by the caller. */
  describe(claims: JWTPayload): Omit<UserIdentity, "kind" | "issuer" | "subject">;
}

/** Whether a token with these claims is one this issuer may vouch for. */
export function speaksFor(issuer: Issuer, claims: JWTPayload): boolean {
  return canonical(claims.iss ?? "") === canonical(issuer.name) && isForUs(issuer, claims.aud);
}

/** The form in which issuer names are compared: https unless it says otherwise, no trailing slash. */
export function canonical(name: string): string {
  const withScheme = name.includes("://") ? name : `https://${name}`;
  return withScheme.endsWith("/") ? withScheme.slice(0, -1) : withScheme;
}

function isForUs(issuer: Issuer, aud: JWTPayload["aud"]): boolean {
  if (aud === undefined) return issuer.audienceOptional === true;
  return Array.isArray(aud) ? aud.includes(issuer.audience) : aud === issuer.audience;
}
