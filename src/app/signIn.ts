import type { FastifyPluginAsync } from "fastify";
import { issuersFromConfig } from "../auth/issuers/issuersFromConfig.ts";
import { type LocalIssuer, openLocalIssuer } from "../auth/issuers/localIssuer.ts";
import { type ConnectionAuthenticator, createAuthenticator } from "../auth/tokens/authenticator.ts";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { localAuth } from "../http/signIn/localAuth.ts";
import { guardedFetch } from "../net/guardedFetch.ts";
import { outbound } from "../net/outbound.ts";

/** An issuer that says nothing for this long has gone, ms. */
const issuerSilenceMs = 5_000;

/** The issuer of this server's own tokens. */
export function openIssuer({ dataDir, localPlan: plan }: Config, log: Log): Promise<LocalIssuer> {
  return openLocalIssuer({ dataDir, plan, clock: systemClock, log });
}

/** Knows callers by the tokens of all issuers, and by the admin key. */
export function authenticatorOf(
  config: Config,
  log: Log,
  adminKey: string,
  local: LocalIssuer | undefined,
): ConnectionAuthenticator {
  const issuers = issuersFromConfig(config);
  if (local) issuers.push(local.issuer);
  // The issuer that the operator named may be inside; its `jwks_uri` may be there or public.
  const trustedOrigins = config.oidcIssuer === undefined ? [] : [new URL(config.oidcIssuer).origin];
  const fetch = guardedFetch(outbound({ trustedOrigins, silenceMs: issuerSilenceMs }));
  return createAuthenticator({ issuers, adminKey, clock: systemClock, log, fetch });
}

/** Issuers outside say nothing of plans unless they are asked. */
export function isEverybodyFree(config: Config): boolean {
  const { workosClientId, oidcIssuer, defaultPlan, planClaim, workosPlanClaim } = config;
  const outside = workosClientId !== undefined || oidcIssuer !== undefined;
  const asked = planClaim !== undefined || workosPlanClaim !== undefined;
  return outside && !asked && defaultPlan === "free";
}

export function localIssuerRoutes(config: Config, issuer: LocalIssuer): FastifyPluginAsync {
  const { publicUrl, localAuthAnywhere: anywhere } = config;
  return async (scope) => localAuth(scope, { issuer, publicUrl, anywhere });
}
