import path from "node:path";
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from "jose";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { orThrow } from "../../core/result.ts";
import type { Plan } from "../identity.ts";
import { keysFolder, readOrCreateSecret } from "../secretFile.ts";
import { emailClaim, nameClaim, present } from "./claims.ts";
import type { Issuer } from "./issuer.ts";
import { localPerson } from "./localName.ts";

/** Not an address on purpose: users are known by issuer and subject and must outlive a change of port or name. */
export const localIssuerName = "https://connvo.local.invalid";
export const localAudience = "connvo";
const algorithm = "ES256";
const lifetimeSeconds = 12 * 60 * 60;
const planClaim = "connvo_plan";

export interface LocalToken {
  token: string;
  /** Epoch ms. */
  expiresAt: number;
}

/** The built-in issuer: whoever asks is believed, so it serves this machine only (`localAuthAllowed`). */
export interface LocalIssuer {
  /** What the authenticator accepts. */
  readonly issuer: Issuer;
  /** The public key. */
  readonly jwks: JSONWebKeySet;
  /**
   * A token for the person of that name, good for 12 h.
   * @throws AppError VALIDATION_ERROR (`metadata.field`)
   */
  issue(name: unknown): Promise<LocalToken>;
}

interface LocalIssuerOptions {
  dataDir: string;
  /** The plan of those it signs in. */
  plan: Plan;
  clock: Clock;
  log: Log;
}

/** Opens the issuer with the key in `<dataDir>/keys/localIssuer.json` (0600), which is made once. */
export async function openLocalIssuer(options: LocalIssuerOptions): Promise<LocalIssuer> {
  const { privateKey, publicKey } = await loadKey(options);
  const jwks = { keys: [publicKey] };
  const signer = await importJWK(privateKey, algorithm);
  const sign = (claims: Record<string, string>, issuedAt: number) =>
    new SignJWT({ ...claims, [planClaim]: options.plan })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...present({ kid: publicKey.kid }) })
      .setIssuer(localIssuerName)
      .setAudience(localAudience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(signer);
  return {
    issuer: acceptedIssuer(jwks),
    jwks,
    issue: async (typed) => {
      const { name, subject, email } = orThrow(localPerson(typed));
      const issuedAt = Math.floor(options.clock.now() / 1000);
      const token = await sign({ sub: subject, name, email }, issuedAt);
      return { token, expiresAt: (issuedAt + lifetimeSeconds) * 1000 };
    },
  };
}

/** Nobody else's description reads the plan claim: it counts because this server signed it. */
function acceptedIssuer(jwks: JSONWebKeySet): Issuer {
  return {
    name: localIssuerName,
    audience: localAudience,
    algorithm,
    keys: { from: "memory", jwks },
    describe: (claims) =>
      present({
        email: emailClaim(claims),
        // Made of the name that they signed in by, and nobody else's.
        emailVerified: true as const,
        name: nameClaim(claims),
        plan: claims[planClaim] === "paid" ? "paid" : "free",
      }),
  };
}

async function loadKey({ dataDir, log }: LocalIssuerOptions) {
  const file = path.join(keysFolder(dataDir), "localIssuer.json");
  const text = await readOrCreateSecret(file, newKey, log);
  try {
    const privateKey: JWK = JSON.parse(text);
    const { d: _private, ...publicPart } = privateKey;
    const kid = await calculateJwkThumbprint(publicPart);
    return { privateKey, publicKey: { ...publicPart, kid, alg: algorithm, use: "sig" } };
  } catch {
    // The cause would quote the file.
    throw new Error(
      `${file} holds no key; delete it to have a new one made (all must sign in again)`,
    );
  }
}

async function newKey(): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}
