import type { JSONWebKeySet } from "jose";
import { canonical } from "./issuer.ts";

export type Fetch = typeof globalThis.fetch;

const timeoutMs = 5_000;
const maxBytes = 512 * 1024;

/** An issuer's document that could not be had. */
export class IssuerFetchError extends Error {
  readonly url: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;

  constructor(url: string, detail: string, status?: number, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = "IssuerFetchError";
    this.url = url;
    this.status = status;
  }
}

/**
 * The key set at `url`.
 * @throws IssuerFetchError
 */
export async function fetchKeySet(fetch: Fetch, url: string): Promise<JSONWebKeySet> {
  const { keys } = await fetchDocument(fetch, url);
  if (Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null)) {
    return { keys };
  }
  throw new IssuerFetchError(url, "the answer is not a JSON Web Key Set", 200);
}

/**
 * Reads a JSON object from an issuer: 5 s, 512 KiB, no redirects, so that the configured address is the one asked.
 * @throws IssuerFetchError
 */
async function fetchDocument(fetch: Fetch, url: string): Promise<Record<string, unknown>> {
  const response = await request(fetch, url);
  if (response.status !== 200) {
    discard(response);
    throw new IssuerFetchError(url, statusLine(response), response.status);
  }
  const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/jwk-set+json") {
    discard(response);
    throw new IssuerFetchError(url, `unexpected content type ${type ?? "(none)"}`, 200);
  }
  return parseObject(url, await readText(url, response));
}

/**
 * The `jwks_uri` of an OpenID Connect issuer.
 * @throws IssuerFetchError, also when the document is another issuer's
 */
export async function discoverJwksUrl(fetch: Fetch, issuer: string): Promise<string> {
  const url = discoveryUrl(issuer);
  const document = await fetchDocument(fetch, url);
  const { issuer: name, jwks_uri: jwksUrl } = document;
  if (typeof name !== "string" || canonical(name) !== canonical(issuer)) {
    throw new IssuerFetchError(url, "the document names another issuer", 200);
  }
  if (typeof jwksUrl !== "string" || !isAsSafe(jwksUrl, issuer)) {
    throw new IssuerFetchError(url, "jwks_uri is missing or not https", 200);
  }
  return jwksUrl;
}

function discoveryUrl(issuer: string): string {
  return `${canonical(issuer)}/.well-known/openid-configuration`;
}

/** Keys may come over plain http only from an issuer that was itself configured with plain http. */
function isAsSafe(jwksUrl: string, issuer: string): boolean {
  if (!URL.canParse(jwksUrl)) return false;
  const { protocol } = new URL(jwksUrl);
  return protocol === "https:" || (protocol === "http:" && canonical(issuer).startsWith("http://"));
}

async function request(fetch: Fetch, url: string): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new IssuerFetchError(url, "no answer", undefined, cause);
  }
}

async function readText(url: string, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (cause) {
    throw new IssuerFetchError(url, "the answer broke off", undefined, cause);
  }
  if (bytes > maxBytes) throw new IssuerFetchError(url, "the answer is too large", 200);
  return text;
}

function parseObject(url: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Falls through to the one error for both.
  }
  throw new IssuerFetchError(url, "the answer is not a JSON object", 200);
}

/** Frees the connection; how that ends is nobody's concern. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

function statusLine(response: Response): string {
  return `HTTP ${response.status} ${response.statusText}`.trim();
}
