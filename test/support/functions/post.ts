import type { SampleServer } from "./sampleServer.ts";

/** A POST: `body` is sent as JSON, `text` as it is. */
export interface Sent {
  url: string;
  body?: unknown;
  text?: string | Buffer;
  headers?: Record<string, string>;
}

/** Sends a function request without a socket. */
export async function post(server: SampleServer, { url, body, text, headers = {} }: Sent) {
  const response = await server.app.inject({
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    payload: text ?? JSON.stringify(body),
  });
  return { status: response.statusCode, body: response.json<unknown>(), response };
}

export const query = (path: string, args: unknown = {}): Sent => ({
  url: "/api/query",
  body: { path, args },
});
