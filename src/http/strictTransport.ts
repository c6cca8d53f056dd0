import { isIP } from "node:net";
import { isLoopbackName } from "../auth/issuers/localAuthAllowed.ts";

/** Half a year, as `Strict-Transport-Security` has it (RFC 6797). No subdomains: they are not ours to speak for. */
export const strictTransportHeader = "max-age=15552000";

/**
 * Whether browsers may be told to come by https only: where the public address is a name on https. Not for `localhost`,
 * whose other ports are other programs' that speak http; for an IP address browsers ignore it.
 */
export function isStrictTransport(publicUrl: string | undefined): boolean {
  if (publicUrl === undefined) return false;
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol !== "https:" || isLoopbackName(hostname)) return false;
  return isIP(hostname.replace(/^\[(.*)\]$/, "$1")) === 0;
}
