import type { FastifyPluginAsync } from "fastify";
import { issuersFromConfig } from "../auth/issuers/issuersFromConfig.ts";
import { type LocalIssuer, openLocalIssuer } from "../auth/issuers/localIssuer.ts";
import { type Authenticator, createAuthenticator } from "../auth/tokens/authenticator.ts";
import type { Config } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { localAuth } from "../http/signIn/localAuth.ts";

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
): Authenticator {
  const issuers = issuersFromConfig(config);
  if (local) issuers.push(local.issuer);
  return createAuthenticator({ issuers, adminKey, clock: systemClock, log });
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
