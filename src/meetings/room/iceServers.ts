import { createHmac } from "node:crypto";
import type { MeetingServices } from "../services.ts";

/** RTCIceServer objects for clients, in the published shape. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** Longer than a meeting: a relay asks for the credential again while it is used. */
const turnLifetimeSeconds = 12 * 3600;

/**
 * The ICE servers of one user: the configured ones, and the TURN server with credentials made for that user. None by
 * default: on one machine or one network none is needed.
 */
export function iceServersOf(
  { config, clock }: Pick<MeetingServices, "config" | "clock">,
  userId: string,
): IceServer[] {
  const configured = (config.iceServers ?? []).map(({ urls, username, credential }) => ({
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }));
  const { turnUrls, turnSecret } = config;
  if (turnUrls === undefined || turnSecret === undefined) return configured;
  const expiresAt = Math.floor(clock.now() / 1000) + turnLifetimeSeconds;
  return [...configured, { urls: turnUrls, ...turnCredential(turnSecret, expiresAt, userId) }];
}

/**
 * A credential a TURN server can check with nothing but the shared secret ("REST API for access to TURN services",
 * coturn's `use-auth-secret`). `expiresAt` in seconds since 1970.
 */
function turnCredential(
  secret: string,
  expiresAt: number,
  userId: string,
): { username: string; credential: string } {
  const username = `${expiresAt}:${userId}`;
  // SHA-1 is what the scheme prescribes.
  return { username, credential: createHmac("sha1", secret).update(username).digest("base64") };
}
