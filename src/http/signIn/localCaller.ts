import type { IncomingHttpHeaders } from "node:http";
import type { FastifyRequest } from "fastify";
import { isLoopbackName } from "../../auth/issuers/localAuthAllowed.ts";
import { RequestError } from "../replies/requestError.ts";

/** What tells where a request comes from. */
export interface GuardedRequest {
  headers: IncomingHttpHeaders;
  /** The peer's address; undefined for a Unix socket. */
  remoteAddress: string | undefined;
  /** It came over TLS, so that our own page is one of https. */
  encrypted: boolean;
}

/** The facts of a request that its sender's proxies cannot change: never what the framework makes of their headers. */
export function guardedRequest({ headers, socket }: FastifyRequest): GuardedRequest {
  return { headers, remoteAddress: socket.remoteAddress, encrypted: "encrypted" in socket };
}

/**
 * The one guard for what is open to this machine only: a loopback peer, no proxy in between, and a name of ours in `Host`,
 * because a page of a rebound name comes from this machine too.
 * @returns why the caller does not count as local
 */
export function refuseRemote(
  { headers, remoteAddress }: GuardedRequest,
  publicUrl: string | undefined,
): RequestError | undefined {
  const hostname = hostnameIn(headers);
  if (hostname === undefined) return badHost();
  if (remoteAddress !== undefined && !isLoopbackName(remoteAddress))
    return new RequestError(403, "NotLocal", "This is open to the server's own machine only");
  const proxyHeader = Object.keys(headers).find(isProxyHeader);
  if (proxyHeader !== undefined) {
    const message = `This is not open through a proxy (${proxyHeader})`;
    return new RequestError(403, "ForwardedRequest", message);
  }
  const isOurs =
    isLoopbackName(hostname) ||
    (publicUrl !== undefined && hostname === new URL(publicUrl).hostname);
  return isOurs ? undefined : new RequestError(403, "UnknownHost", "This server has another name");
}

/** The name in the Host header, or undefined when that is anything but `name[:port]`. */
export function hostnameIn({ host }: IncomingHttpHeaders): string | undefined {
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** The answer to a request that does not say for whom it is. */
export function badHost(): RequestError {
  return new RequestError(400, "BadHost", "Exactly one Host header with a name is needed");
}

/** RFC 9112, 3.2: who names two hosts is not served, because nobody between knows which one counts. */
export function hasTwoHosts({ raw: { rawHeaders } }: FastifyRequest): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

/** What proxies are known to add: behind any, a loopback peer proves nothing. */
const proxyPrefixes = ["x-forwarded", "x-original-", "x-envoy-", "cf-", "fastly-", "fly-"];
const proxyHeaders = new Set([
  "forwarded",
  "via",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "true-client-ip",
]);

function isProxyHeader(name: string): boolean {
  return proxyHeaders.has(name) || proxyPrefixes.some((prefix) => name.startsWith(prefix));
}
