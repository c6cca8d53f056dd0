import { readFile } from "node:fs/promises";
import path from "node:path";
import { calculateJwkThumbprint, decodeJwt, importJWK, type JWK, SignJWT } from "jose";

/**
 * A token of the server with that data folder that says the same and runs out in some seconds, though it seems to be an old one of an
 * hour: no client renews it ahead.
 */
export async function lastingSeconds(
  dataDir: string,
  token: string,
  seconds: number,
): Promise<string> {
  const file = path.join(dataDir, "keys/localIssuer.json");
  const key = JSON.parse(await readFile(file, "utf8")) as JWK;
  const { d: _private, ...publicPart } = key;
  const expiry = Math.floor(Date.now() / 1000) + seconds;
  return new SignJWT({ ...decodeJwt(token), iat: expiry - 3600, exp: expiry })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: await calculateJwkThumbprint(publicPart) })
    .sign(await importJWK(key, "ES256"));
}
