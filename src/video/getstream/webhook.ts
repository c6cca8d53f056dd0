import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { callType } from "./ids.ts";

/** Why a delivery is not Stream's, or not of this application. */
export type WebhookRefusal = "bad_signature" | "bad_key" | "bad_body" | "too_large";

/** What a delivery said. */
export interface StreamNotice {
  /** The same for each attempt to deliver it. */
  id: string;
  type: string;
  /** The call it is about; absent for events of no call of ours. */
  roomId?: string;
  body: Record<string, unknown>;
}

export type WebhookVerdict =
  | { ok: true; notice: StreamNotice }
  | { ok: false; refusal: WebhookRefusal };

export interface WebhookHeaders {
  signature: string | undefined;
  apiKey: string | undefined;
  id: string | undefined;
}

export interface WebhookKeys {
  apiKey: string;
  /** Live secrets: the current one, and the last one while it is being replaced. */
  secrets: readonly string[];
}

/** Of an inflated body, bytes. */
export const maxNoticeBytes = 1024 * 1024;
const inflate = promisify(gunzip);
const signaturePattern = /^[0-9a-f]{64}$/;
const idPattern = /^[\x21-\x7e]{1,200}$/;

/**
 * Judges a delivery: `raw` as it came, inflated when it is gzip, whatever its headers say, for proxies change those. Nothing is
 * believed before the signature over the inflated bytes is right; inflating is bounded and off the event loop.
 */
export async function judgeWebhook(
  raw: Buffer,
  { signature, apiKey, id }: WebhookHeaders,
  keys: WebhookKeys,
): Promise<WebhookVerdict> {
  if (signature === undefined || !signaturePattern.test(signature)) return refused("bad_signature");
  if (apiKey !== undefined && apiKey !== keys.apiKey) return refused("bad_key");
  const bytes = await plain(raw);
  if (typeof bytes === "string") return refused(bytes);
  if (!keys.secrets.some((secret) => isSigned(bytes, signature, secret)))
    return refused("bad_signature");
  const body = parse(bytes);
  if (body === undefined || typeof body["type"] !== "string" || body["type"].length > 100)
    return refused("bad_body");
  const roomId = roomOf(body["call_cid"]);
  return {
    ok: true,
    notice: {
      id: id !== undefined && idPattern.test(id) ? id : digest(bytes),
      type: body["type"],
      ...(roomId === undefined ? {} : { roomId }),
      body,
    },
  };
}

const refused = (refusal: WebhookRefusal): WebhookVerdict => ({ ok: false, refusal });

async function plain(raw: Buffer): Promise<Buffer | WebhookRefusal> {
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b;
  if (!isGzip) return raw.length > maxNoticeBytes ? "too_large" : raw;
  try {
    return await inflate(raw, { maxOutputLength: maxNoticeBytes });
  } catch (error) {
    return (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? "too_large" : "bad_body";
  }
}

function isSigned(bytes: Buffer, signature: string, secret: string): boolean {
  const expected = createHmac("sha256", secret).update(bytes).digest();
  return timingSafeEqual(expected, Buffer.from(signature, "hex"));
}

function parse(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function roomOf(cid: unknown): string | undefined {
  const prefix = `${callType}:`;
  return typeof cid === "string" && cid.startsWith(prefix) && cid.length <= prefix.length + 64
    ? cid.slice(prefix.length)
    : undefined;
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
