import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** What a proxy may do to one request instead of passing it on. */
export type Fault =
  /** Reads half of the body and breaks the connection. */
  | { kind: "resetInBody" }
  /** Answers by itself; the server behind never hears of it. */
  | { kind: "answer"; status: number; body: string }
  /** Lets the server do it, and breaks the connection instead of answering. */
  | { kind: "loseAnswer" }
  /** Sends half of the answer and ends it: by breaking the connection, or as if that were all. */
  | { kind: "truncate"; quietly: boolean }
  /** Lets the server do it unless it is to be told `before`, then answers nothing: `met` is called. */
  | { kind: "hold"; before: boolean; met: () => void };

/** A request as a rule sees it: `PUT /bucket/key?partNumber=1&…`. */
export type Rule = (request: { method: string; url: string }) => Fault | undefined;

export interface FaultProxy {
  readonly url: string;
  /** Asked for each request; without a fault it is passed on. */
  rule: Rule;
  /** `METHOD url` of every request, in order. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** A proxy on loopback before `target` that does harm when told to. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "" } = incoming;
    proxy.requests.push(`${method} ${url}`);
    // Whoever is gone needs no answer.
    void treat(target, incoming, outgoing, proxy.rule({ method, url })).catch(() =>
      incoming.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rule: () => undefined,
    requests: [],
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}

/** A rule that does harm to the first so many requests that match. */
export function firstOf(count: number, pattern: RegExp, fault: Fault): Rule {
  let left = count;
  return ({ method, url }) => (pattern.test(`${method} ${url}`) && left-- > 0 ? fault : undefined);
}

async function treat(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === "hold" && fault.before) return fault.met();
  if (fault?.kind === "resetInBody") return resetInBody(incoming);
  const body = await buffer(incoming);
  if (fault?.kind === "answer") {
    outgoing.writeHead(fault.status, { "content-type": "application/xml" }).end(fault.body);
    return;
  }
  const { expect: _, ...headers } = incoming.headers;
  const forwarded = request(new URL(incoming.url ?? "", target), {
    method: incoming.method ?? "GET",
    headers,
  });
  forwarded.end(body);
  const [answer] = (await once(forwarded, "response")) as [IncomingMessage];
  if (fault?.kind === "truncate") return truncate(answer, outgoing, fault.quietly);
  if (fault === undefined) {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
    return;
  }
  await buffer(answer);
  if (fault.kind === "hold") return fault.met();
  incoming.socket.resetAndDestroy();
}

function resetInBody(incoming: IncomingMessage): void {
  const half = Number(incoming.headers["content-length"]) / 2;
  let read = 0;
  incoming.on("data", (chunk: Buffer) => {
    read += chunk.length;
    if (read >= half) incoming.socket.resetAndDestroy();
  });
}

async function truncate(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  quietly: boolean,
): Promise<void> {
  const content = await buffer(answer);
  const half = content.subarray(0, content.length / 2);
  const { "content-length": length, ...others } = answer.headers;
  const headers = quietly ? others : { ...others, "content-length": length };
  outgoing.writeHead(answer.statusCode ?? 500, headers);
  if (quietly) outgoing.end(half);
  else outgoing.write(half, () => outgoing.socket?.destroy());
}
