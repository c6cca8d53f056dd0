import { type LookupAddress, lookup as lookUp } from "node:dns";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./publicAddress.ts";

/** A connection that was refused here, before anything was sent. */
export class BlockedAddressError extends Error {
  constructor(host: string, reason: string) {
    super(`${host} is not called: ${reason}`);
    this.name = "BlockedAddressError";
  }
}

export interface OutboundOptions {
  /** Origins (`https://host:port`) that the operator configured, wherever they are. */
  trustedOrigins?: readonly string[];
  /** Whether an address may be connected to; public ones unless given. */
  isAllowed?: (address: string) => boolean;
  /** So long nothing may come, ms. */
  silenceMs: number;
}

export interface OutboundRequest {
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: Buffer;
  signal?: AbortSignal | undefined;
}

/** Sends a request; resolves with the head of the answer, whose body is still to be read or destroyed. */
export type Outbound = (url: URL, request: OutboundRequest) => Promise<IncomingMessage>;

/**
 * For requests to addresses that somebody else names: connects to public addresses only, whatever names and spellings lead
 * there. The address that was checked is the one that is connected to. Follows no redirects and no proxy settings, and each
 * request has a connection of its own.
 * @throws (the returned function) BlockedAddressError, Error when the connection fails or nothing comes for `silenceMs`; the signal's reason
 */
export function outbound({ silenceMs, ...options }: OutboundOptions): Outbound {
  const { trustedOrigins = [], isAllowed = isPublicAddress } = options;
  return (url, { method = "GET", headers = {}, body, signal }) =>
    new Promise((resolve, reject) => {
      const isTrusted = trustedOrigins.includes(url.origin);
      // Every spelling of an address is one by now; literal addresses are never looked up.
      const host = url.hostname.replace(/^\[|\]$/g, "");
      if (!isTrusted && isIP(host) !== 0 && !isAllowed(host))
        throw new BlockedAddressError(host, "it is not a public address");
      const send = url.protocol === "https:" ? requestHttps : requestHttp;
      const settings: RequestOptions = {
        ...{ method, headers, agent: false, timeout: silenceMs },
        ...(signal ? { signal } : {}),
        ...(isTrusted ? {} : { lookup: guardedLookup(isAllowed) }),
      };
      const request = send(url, settings, resolve);
      request.on("timeout", () =>
        request.destroy(new Error(`${url.host} has said nothing for ${silenceMs} ms`)),
      );
      request.on("error", reject);
      request.end(body);
    });
}

/** Refuses names of which any address is not allowed. */
function guardedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      const refuse = (reason: Error) => callback(reason, "", 0);
      const [first] = addresses ?? [];
      if (error || !first)
        return refuse(error ?? new BlockedAddressError(hostname, "it has no address"));
      if (!addresses.every(({ address }) => isAllowed(address)))
        return refuse(
          new BlockedAddressError(hostname, "it leads to an address that is not public"),
        );
      // Asked for all, it must be told all.
      if (options.all)
        return (callback as unknown as (error: null, all: LookupAddress[]) => void)(
          null,
          addresses,
        );
      callback(null, first.address, first.family);
    });
  };
}
