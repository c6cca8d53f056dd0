import { ApiError } from "../api/apiError.ts";
import { askOnce } from "../api/askOnce.ts";
import { functions } from "../api/functions.ts";
import type { Session } from "./session.ts";

/**
 * Asks the server's built-in sign-in for a session under a name.
 * @throws ApiError VALIDATION_ERROR for a name it does not take, FORBIDDEN where it does not serve, OFFLINE, UNAVAILABLE
 */
export async function signInByName(baseUrl: string, name: string): Promise<Session> {
  const { token, expiresAt } = await requestToken(baseUrl, name);
  return sessionOf(baseUrl, token, expiresAt);
}

/**
 * A session by a token of whichever issuer the server trusts.
 * @throws ApiError VALIDATION_ERROR (`field: "token"`) when it is no token or not taken, OFFLINE, UNAVAILABLE
 */
export async function signInWithToken(baseUrl: string, token: string): Promise<Session> {
  const expiresAt = expiryOf(token);
  if (expiresAt === undefined) throw badToken("This is not a token: copy it as a whole");
  return sessionOf(baseUrl, token, expiresAt).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "UNAUTHORIZED")
      throw badToken("The server does not take this token; it may have run out");
    throw error;
  });
}

async function sessionOf(baseUrl: string, token: string, expiresAt: number): Promise<Session> {
  const user = await askOnce({ baseUrl, token }, functions.users.queries.getCurrentUser, {});
  if (user === null)
    throw new ApiError("UNAUTHORIZED", "The server does not know this person", 401);
  return { userId: user._id, name: user.displayName ?? user.email, token, expiresAt };
}

interface TokenAnswer {
  token?: string;
  expiresAt?: number;
  message?: string;
}

async function requestToken(baseUrl: string, name: string) {
  const response = await fetch(`${baseUrl}/auth/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  }).catch(() => {
    throw new ApiError("OFFLINE", "The server does not answer", 0);
  });
  const answer = (await response.json().catch(() => ({}))) as TokenAnswer;
  const { token, expiresAt } = answer;
  if (response.ok && token !== undefined && expiresAt !== undefined) return { token, expiresAt };
  throw refusalOf(response.status, answer.message ?? "The server did not sign you in");
}

function refusalOf(status: number, message: string): ApiError {
  if (status === 400) return new ApiError("VALIDATION_ERROR", message, status, { field: "name" });
  if (status >= 500) return new ApiError("UNAVAILABLE", message, status);
  return new ApiError("FORBIDDEN", message, status, { reason: "sign_in_not_here" });
}

function badToken(message: string): ApiError {
  return new ApiError("VALIDATION_ERROR", message, 400, { field: "token" });
}

/** When a token says it runs out, epoch ms; undefined when it is none. Its signature is the server's to check. */
function expiryOf(token: string): number | undefined {
  try {
    const payload = token.split(".")[1] ?? "";
    const { exp } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as {
      exp?: unknown;
    };
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
