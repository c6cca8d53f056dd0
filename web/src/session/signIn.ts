import { ApiError } from "../api/apiError.ts";
import { createClient } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import type { Session } from "./session.ts";

/**
 * Asks the server's built-in sign-in for a session under a name.
 * @throws ApiError VALIDATION_ERROR for a name it does not take, FORBIDDEN where it does not serve, OFFLINE
 */
export async function signInByName(baseUrl: string, name: string): Promise<Session> {
  const { token, expiresAt } = await requestToken(baseUrl, name);
  const client = createClient({ baseUrl, token: () => token });
  const user = await client.query(functions.users.queries.getCurrentUser, {});
  if (user === null) throw new ApiError("FORBIDDEN", "The server does not know this person", 403);
  return { userId: user._id, name: user.displayName ?? name.trim(), token, expiresAt };
}

async function requestToken(baseUrl: string, name: string) {
  const response = await fetch(`${baseUrl}/auth/local/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  }).catch(() => {
    throw new ApiError("OFFLINE", "The server does not answer", 0);
  });
  const answer = (await response.json().catch(() => ({}))) as {
    token?: string;
    expiresAt?: number;
    message?: string;
  };
  if (response.ok && answer.token !== undefined && answer.expiresAt !== undefined)
    return { token: answer.token, expiresAt: answer.expiresAt };
  throw refusalOf(response.status, answer.message ?? "The server did not sign you in");
}

function refusalOf(status: number, message: string): ApiError {
  if (status === 400) return new ApiError("VALIDATION_ERROR", message, status, { field: "name" });
  if (status >= 500) return new ApiError("UNAVAILABLE", message, status);
  return new ApiError("FORBIDDEN", message, status);
}
