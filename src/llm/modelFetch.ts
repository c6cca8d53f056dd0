import type { IncomingMessage } from "node:http";
import { outbound } from "../net/outbound.ts";

/** Longest answer, bytes: what is asked for takes some kilobytes. */
const maxBytes = 1024 * 1024;

/**
 * A `fetch` for one configured origin: no redirects, no proxies, bounded answers. Not Node's own, which ends the process when an
 * answer that is read slowly breaks off.
 */
export function modelFetch(origin: string, timeoutMs: number): typeof globalThis.fetch {
  const send = outbound({ trustedOrigins: [origin], silenceMs: timeoutMs });
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const message = await send(url, {
      method: init.method === "GET" ? "GET" : "POST",
      headers: Object.fromEntries(new Headers(init.headers)),
      body: bodyOf(init.body),
      signal: init.signal ?? undefined,
    });
    const { statusCode: status = 502 } = message;
    const type = message.headers["content-type"] ?? "application/octet-stream";
    return new Response(await read(message), { status, headers: { "content-type": type } });
  };
}

/** An answer with more bytes than are taken. */
export class AnswerTooLong extends Error {
  constructor() {
    super(`an answer longer than ${maxBytes} bytes`);
    this.name = "AnswerTooLong";
  }
}

function bodyOf(body: RequestInit["body"]): Buffer {
  if (typeof body === "string") return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0);
}

async function read(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      message.destroy();
      throw new AnswerTooLong();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
