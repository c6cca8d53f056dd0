import { RequestError } from "../replies/requestError.ts";
import { badHost, type GuardedRequest, hostnameIn, refuseRemote } from "./localCaller.ts";

/** Where the built-in issuer may be used from. */
export interface LocalAuthPolicy {
  /** Address at which clients reach this server, when it has another than the one it listens on. */
  publicUrl?: string | undefined;
  /** The operator lets everybody in: the origin of the connection is not looked at. */
  anywhere: boolean;
}

/** For all of the issuer's routes: only this machine, under its own name, with no proxy in between. */
export function refuseOutsider(
  request: GuardedRequest,
  { publicUrl, anywhere }: LocalAuthPolicy,
): RequestError | undefined {
  if (!anywhere) return refuseRemote(request, publicUrl);
  return hostnameIn(request.headers) === undefined ? badHost() : undefined;
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
