import { createHmac, randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";

export interface Delivery {
  body: Buffer;
  headers: Record<string, string>;
}

/** A delivery as Stream's hooks send it; `created_at` is now unless told. */
export function deliveryOf(
  event: { type: string } & Record<string, unknown>,
  {
    apiKey,
    apiSecret,
    id = randomUUID(),
    gzip = false,
  }: { apiKey: string; apiSecret: string; id?: string; gzip?: boolean },
): Delivery {
  const plain = Buffer.from(JSON.stringify({ created_at: new Date().toISOString(), ...event }));
  return {
    body: gzip ? gzipSync(plain) : plain,
    headers: {
      "content-type": "application/json",
      "x-api-key": apiKey,
      "x-signature": createHmac("sha256", apiSecret).update(plain).digest("hex"),
      "x-webhook-id": id,
      "x-webhook-attempt": "1",
    },
  };
}

/** Delivers an event once, as Stream does. @returns the status of the answer */
export async function sendDelivery(
  event: { type: string } & Record<string, unknown>,
  url: string,
  credentials: { apiKey: string; apiSecret: string },
): Promise<number> {
  const { body, headers } = deliveryOf(event, credentials);
  const signal = AbortSignal.timeout(6_000);
  const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), signal });
  await answer.body?.cancel();
  return answer.status;
}
