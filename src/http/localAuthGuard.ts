import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackName } from "../auth/localAuthAllowed.ts";
import { RequestError } from "./requestError.ts";

/** Where the built-in issuer may be used from. */
export interface LocalAuthPolicy {
  /** Address at which clients reach this server, when it has another than the one it listens on. */
  publicUrl?: string | undefined;
  /** The operator lets everybody in: the origin of the connection is not looked at. */
  anywhere: boolean;
}

export interface GuardedRequest {
  headers: IncomingHttpHeaders;
  /** The peer's address; undefined for a Unix socket. */
  remoteAddress: string | undefined;
  /** It came over TLS, so that our own page is one of https. */
  encrypted: boolean;
}

/** For all of the issuer's routes: only this machine, under its own name, with no proxy in between. */
export function refuseOutsider(
  { headers, remoteAddress }: GuardedRequest,
  { publicUrl, anywhere }: LocalAuthPolicy,
): RequestError | undefined {
  const host = hostOf(headers);
  if (host === undefined)
    return new RequestError(400, "BadHost", "The Host header is missing or malformed");
  if (anywhere) return undefined;
  if (remoteAddress !== undefined && !isLoopbackName(remoteAddress)) {
    return new RequestError(403, "NotLocal", "The built-in sign-in serves this machine only");
  }
  const proxyHeader = Object.keys(headers).find(isProxyHeader);
  if (proxyHeader !== undefined) {
    const message = `The built-in sign-in does not serve through a proxy (${proxyHeader})`;
    return new RequestError(403, "ForwardedRequest", message);
  }
  const { hostname } = new URL(host);
  const isOurs = isLoopbackName(hostname) || hostname === hostnameOf(publicUrl);
  return isOurs ? undefined : new RequestError(403, "UnknownHost", "This server has another name");
}

/** For the token endpoint besides: no page but our own may ask for a token. */
export function refuseForeignPage(
  request: GuardedRequest,
  policy: LocalAuthPolicy,
): RequestError | undefined {
  const { headers } = request;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    return new RequestError(403, "CrossSiteRequest", "Another site may not ask for a token");
  }
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, request, policy)) {
    return new RequestError(403, "ForeignOrigin", "Another origin may not ask for a token");
  }
  const mediaType = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (mediaType === "application/json") return undefined;
  return new RequestError(
    415,
    "UnsupportedMediaType",
    "Expected request with `Content-Type: application/json`",
  );
}

/** The public URL's origin, or whatever name the request itself was addressed to. */
function isOwnOrigin(
  origin: string,
  { headers, encrypted }: GuardedRequest,
  { publicUrl }: LocalAuthPolicy,
): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, origin: given } = new URL(origin);
  if (publicUrl !== undefined && given === new URL(publicUrl).origin) return true;
  // Behind a proxy the page may be of https though we speak http; the other way round it is a forgery.
  if (protocol !== "https:" && (protocol !== "http:" || encrypted)) return false;
  return given === new URL(`${protocol}//${headers.host}`).origin;
}

/** The Host header as a URL, or undefined when it is anything but `name[:port]`. */
function hostOf({ host }: IncomingHttpHeaders): string | undefined {
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host)) return undefined;
  const url = `http://${host}`;
  return URL.canParse(url) ? url : undefined;
}

function hostnameOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).hostname;
}

function isProxyHeader(name: string): boolean {
  return (
    name.startsWith("x-forwarded-") ||
    ["forwarded", "via", "x-real-ip", "cf-connecting-ip"].includes(name)
  );
}
