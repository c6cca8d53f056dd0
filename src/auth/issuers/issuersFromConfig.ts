import type { JWTPayload } from "jose";
import type { Plan } from "../identity.ts";
import {
  emailClaim,
  emailVerifiedClaim,
  maxIdLength,
  nameClaim,
  pictureClaim,
  present,
  textClaim,
} from "./claims.ts";
import type { Issuer, SignatureAlgorithm } from "./issuer.ts";

/** The settings that name issuers; a `Config` is one. */
export interface IssuerSettings {
  workosClientId?: string | undefined;
  workosPlanClaim?: string | undefined;
  /** The claim that names a person's plan, and its values that mean the paid one. */
  planClaim?: string | undefined;
  paidPlans?: readonly string[];
  oidcIssuer?: string | undefined;
  oidcAudience?: string | undefined;
  oidcAlgorithm: SignatureAlgorithm;
}

/** The issuers outside this server whose tokens the settings accept, WorkOS first. */
export function issuersFromConfig(settings: IssuerSettings): Issuer[] {
  const { workosClientId, oidcIssuer, oidcAudience } = settings;
  const issuers: Issuer[] = [];
  const claimedPlan = (claims: JWTPayload) => claimedPlanOf(claims, settings);
  if (workosClientId !== undefined) {
    issuers.push(...workosIssuers(workosClientId, settings.workosPlanClaim, claimedPlan));
  }
  if (oidcIssuer !== undefined && oidcAudience !== undefined) {
    issuers.push(oidc(oidcIssuer, oidcAudience, settings.oidcAlgorithm, claimedPlan));
  }
  return issuers;
}

type PlanReader = (claims: JWTPayload) => Plan | undefined;

/**
 * WorkOS signs with keys of one client and uses either issuer name. Its access tokens carry `aud` only
 * when the environment's JWT template adds it, so its absence is no reason to refuse.
 */
function workosIssuers(
  clientId: string,
  paidEntitlement: string | undefined,
  claimedPlan: PlanReader,
): Issuer[] {
  const id = encodeURIComponent(clientId);
  const authKit = `https://api.workos.com/user_management/${id}`;
  return ["https://api.workos.com/", authKit].map((name) => ({
    name,
    // The same person under either name is the same user.
    keptAs: authKit,
    audience: clientId,
    audienceOptional: true,
    algorithm: "RS256",
    keys: { from: "url", url: `https://api.workos.com/sso/jwks/${id}` },
    describe: (claims) => ({
      ...describePerson(claims),
      ...describeOrg(claims, "role"),
      ...present({ plan: planOf(claims, paidEntitlement), claimedPlan: claimedPlan(claims) }),
      statesOrg: true,
    }),
  }));
}

function oidc(
  name: string,
  audience: string,
  algorithm: SignatureAlgorithm,
  claimedPlan: PlanReader,
): Issuer {
  return {
    name,
    audience,
    algorithm,
    keys: { from: "discovery" },
    describe: (claims) => ({
      ...describePerson(claims),
      ...describeOrg(claims, "org_role"),
      ...present({ claimedPlan: claimedPlan(claims) }),
    }),
  };
}

function describePerson(claims: JWTPayload) {
  return present({
    email: emailClaim(claims),
    emailVerified: emailVerifiedClaim(claims),
    name: nameClaim(claims),
    pictureUrl: pictureClaim(claims),
  });
}

/** A role means something within an organisation only. */
function describeOrg(claims: JWTPayload, roleClaim: string) {
  const orgId = textClaim(claims, "org_id", maxIdLength);
  if (orgId === undefined) return {};
  return { orgId, ...present({ orgRole: textClaim(claims, roleClaim, maxIdLength) }) };
}

/** Entitlements belong to the organisation; a token without the claim leaves its plan as it is. */
function planOf(claims: JWTPayload, paidEntitlement: string | undefined): Plan | undefined {
  const entitlements = claims["entitlements"];
  if (paidEntitlement === undefined || !Array.isArray(entitlements)) return undefined;
  return entitlements.includes(paidEntitlement) ? "paid" : "free";
}

/** What the operator's claim says of the person; undefined without the claim. */
function claimedPlanOf(
  claims: JWTPayload,
  { planClaim, paidPlans = ["paid"] }: IssuerSettings,
): Plan | undefined {
  if (planClaim === undefined) return undefined;
  const value = claims[planClaim] ?? inside(claims, planClaim.split("."));
  if (value === undefined || value === null) return undefined;
  const values = Array.isArray(value) ? value : [value];
  return values.some((one) => paidPlans.includes(String(one))) ? "paid" : "free";
}

function inside(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return inside((value as Record<string, unknown>)[name], rest);
}
