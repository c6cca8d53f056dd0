import { createHmac, timingSafeEqual } from "node:crypto";
import { Refusal } from "./errors.ts";

export interface Credentials {
  apiKey: string;
  apiSecret: string;
}

/** Server-side authentication as Stream checks it: key in the query, raw JWT (no "Bearer") signed with the secret. */
export function authenticate(
  headers: Record<string, string | string[] | undefined>,
  query: URLSearchParams,
  { apiKey, apiSecret }: Credentials,
): void {
  const key = query.get("api_key");
  if (!key) throw new Refusal(401, 2, "api_key or app_id not provided");
  if (key !== apiKey) throw new Refusal(401, 2, "api_key not valid");
  if (headers["stream-auth-type"] !== "jwt") throw invalidToken(5);
  const claims = verify(String(headers["authorization"] ?? ""), apiSecret);
  if (claims["server"] !== true) throw invalidToken(5);
}

/** The claims of an HS256 JWT with a valid signature. */
export function verify(token: string, secret: string): Record<string, unknown> {
  const [header = "", payload = "", signature = ""] = token.split(".");
  if (!header || !payload || !signature) throw invalidToken(5);
  const { alg } = decode(header);
  const expected = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (alg !== "HS256" || given.length !== expected.length || !timingSafeEqual(given, expected))
    throw invalidToken(43);
  return decode(payload);
}

function decode(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>;
  } catch {
    throw invalidToken(5);
  }
}

function invalidToken(code: number): Refusal {
  return new Refusal(401, code, code === 43 ? "Token signature is invalid" : "Token is invalid");
}
