import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "../../api/apiError.ts";
import type { MediaEnvironment } from "./environment.ts";

/** A session the server has opened for an offer. */
export interface Accepted {
  answer: string;
  /** Where DELETE ends it. */
  sessionUrl: string;
}

/** A room process that is being started again answers within this, ms. */
const timeoutMs = 12_000;

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

/** Ends a session, also while the page goes away; that it fails does not matter, silence ends it too. */
export function deleteSession(env: MediaEnvironment, sessionUrl: string, token: string): void {
  env
    .fetch(sessionUrl, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
      keepalive: true,
    })
    .catch(() => undefined);
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
