import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "../../api/apiError.ts";
import type { MediaEnvironment } from "./environment.ts";

/** A session the server has opened for an offer. */
export interface Accepted {
  answer: string;
  /** Where DELETE ends it. */
  sessionUrl: string;
}

/** An open session, as it was answered. */
export interface OpenedSession {
  sessionUrl: string;
  token: string;
}

/** A room process that is being started again answers within this, ms. */
const timeoutMs = 12_000;
/** How long the question whether a session still is may take, ms. */
const checkMs = 4000;

/**
 * Sends an SDP offer as WHIP and WHEP have it.
 * @throws ApiError as the server refuses, OFFLINE without an answer
 */
export async function postOffer(
  env: MediaEnvironment,
  { url, token, sdp }: { url: string; token: string; sdp: string },
  signal: AbortSignal,
): Promise<Accepted> {
  const timeout = new AbortController();
  const giveUp = () => timeout.abort();
  signal.addEventListener("abort", giveUp);
  const cancel = env.after(timeoutMs, giveUp);
  try {
    const response = await env.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
      body: sdp,
      signal: timeout.signal,
    });
    const body = await response.text();
    if (response.status !== 201) throw refusalOf(response.status, body);
    const location = response.headers.get("location") ?? url;
    return { answer: body, sessionUrl: new URL(location, response.url || url).href };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("OFFLINE", "The server does not answer", 0);
  } finally {
    cancel();
    signal.removeEventListener("abort", giveUp);
  }
}

/**
 * Whether the server knows nothing of a session any more, as after the end of its room process. False also when that
 * could not be found out.
 */
export async function isForgotten(
  env: MediaEnvironment,
  { sessionUrl, token }: OpenedSession,
): Promise<boolean> {
  const timeout = new AbortController();
  const cancel = env.after(checkMs, () => timeout.abort());
  try {
    const url = sessionUrl.replace(/\/wh[ie]p\/(?=[^/]+$)/, "/sessions/");
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await env.fetch(url, { headers, signal: timeout.signal });
    return status === 404;
  } catch {
    return false;
  } finally {
    cancel();
  }
}

/** How long a goodbye may take, ms. */
const goodbyeMs = 1000;

/**
 * Ends a session, also while the page goes away, and then its connection: a connection that ends first is an accident.
 * That it fails does not matter, silence ends a session too.
 */
export function hangUp(
  env: MediaEnvironment,
  peer: RTCPeerConnection,
  { sessionUrl, token }: OpenedSession,
): void {
  const close = () => peer.close();
  env.after(goodbyeMs, close);
  env
    .fetch(sessionUrl, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
      keepalive: true,
    })
    .then(close, close);
}

function refusalOf(status: number, body: string): ApiError {
  const { code, message, metadata } = parse(body);
  const told = message ?? `The server answered ${status}`;
  if (status === 429 || status >= 500) return new ApiError("UNAVAILABLE", told, status, metadata);
  if (status === 401) return new ApiError("UNAUTHORIZED", told, status, metadata);
  return new ApiError(code ?? "INTERNAL_ERROR", told, status, metadata);
}

function parse(body: string): {
  code?: ApiErrorCode;
  message?: string;
  metadata?: ApiErrorMetadata;
} {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
