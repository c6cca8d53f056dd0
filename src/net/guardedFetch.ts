import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Outbound } from "./outbound.ts";

/** Answers that have no body, which `Response` insists on. */
const bodiless = new Set([204, 205, 304]);

/** `fetch` for reading documents, through the guard: GET, with headers and a signal, no redirects. */
export function guardedFetch(send: Outbound): typeof globalThis.fetch {
  return async (input, { headers, signal } = {}) => {
    const url = input instanceof Request ? input.url : input;
    const answer = await send(new URL(url), {
      headers: Object.fromEntries(new Headers(headers)),
      signal: signal ?? undefined,
    });
    return responseOf(answer);
  };
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = answer;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  if (bodiless.has(status)) {
    answer.destroy();
    return new Response(null, { status, statusText, headers });
  }
  return new Response(Readable.toWeb(answer) as ReadableStream, { status, statusText, headers });
}
