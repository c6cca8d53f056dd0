import { createHmac, randomBytes } from "node:crypto";

const prefix = "whsec_";

/** A new secret as its receiver gets it: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return `${prefix}${randomBytes(32).toString("base64")}`;
}

export interface SignedMessage {
  /** The same on every attempt. */
  id: string;
  /** Of the attempt, epoch seconds. */
  timestamp: number;
  body: string;
}

/** The `webhook-signature` of a message by Standard Webhooks: one signature per secret, with spaces between. */
export function sign({ id, timestamp, body }: SignedMessage, secrets: readonly string[]): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(prefix.length), "base64");
      const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`);
      return `v1,${hmac.digest("base64")}`;
    })
    .join(" ");
}
