import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** A request that came, as it was signed. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  id: string;
}

/** Receives webhooks on loopback and answers 204 unless told otherwise. */
export interface Receiver {
  origin: string;
  received: Received[];
  /** What came to a path, parsed. */
  events(path: string): { type: string; timestamp: string; data: Record<string, unknown> }[];
  /** How a path answers, the n-th time (from 1). */
  answer(path: string, how: (response: ServerResponse, times: number) => void): void;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers = new Map<string, (response: ServerResponse, times: number) => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url: path = "", headers } = request;
    const body = Buffer.concat(chunks).toString();
    received.push({ path, headers, body, id: String(headers["webhook-id"]) });
    const times = received.filter((one) => one.path === path).length;
    const answer = answers.get(path);
    if (answer) answer(response, times);
    else response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    events: (path) =>
      received.filter((one) => one.path === path).map(({ body }) => JSON.parse(body)),
    answer: (path, how) => answers.set(path, how),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether a secret verifies a request, by the reference implementation. */
export function isSignedBy(secret: string, { body, headers }: Received): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
