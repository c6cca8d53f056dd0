import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { WebSocketServer } from "ws";
import type { Clock } from "../../core/clock.ts";
import { textLimit } from "../../runtime/call/arguments.ts";
import type { Registry } from "../../runtime/registry.ts";
import type { SyncHub } from "../../sync/hub.ts";
import { BodyBudget } from "../limits/bodyBudget.ts";
import { type IsTrustedProxy, networkOf, trustedProxies } from "../limits/callers.ts";
import { LiveSocket } from "./liveSocket.ts";

export interface SyncRoutesOptions {
  hub: SyncHub;
  clock: Clock;
  /** Functions that clients may call. */
  registry: Registry;
  /** Addresses and networks of proxies whose word on the caller's address counts. */
  trustedProxies: readonly string[];
}

/** A client that comes back names all its queries in one message, bytes. */
const shortestLimit = 1024 * 1024;

/** Memory for messages that have not arrived whole, of everybody and of one address, bytes. */
const messageMemory = { totalBytes: 64 * 2 ** 20, callerBytes: 8 * 2 ** 20 };
const tickMs = 5_000;

/** `/api/<version of the client>/sync`; some clients leave the version out. A prefix is the proxy's matter. */
const syncPath = /^\/+api\/(?:\d+\.\d+\.\d+[\w.+-]*\/)?sync$/;

/**
 * Adds the address at which clients of Convex's sync protocol connect. Pages of any origin may: callers prove themselves by a
 * token inside the connection, never by cookies.
 */
export function syncRoutes(scope: FastifyInstance, options: SyncRoutesOptions): void {
  const { hub, clock, registry } = options;
  const isTrustedProxy = trustedProxies(options.trustedProxies);
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: longestMessage(registry),
  });
  const budget = new BodyBudget(messageMemory);
  const sockets = new Set<LiveSocket>();
  scope.server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const [path = ""] = (request.url ?? "").split("?");
    if (!syncPath.test(path)) return refuse(stream, "404 Not Found");
    server.handleUpgrade(request, stream, head, (webSocket) => {
      const socket = new LiveSocket({
        webSocket,
        stream,
        hub,
        clock,
        budget,
        caller: callerOf(request, isTrustedProxy),
      });
      sockets.add(socket);
      webSocket.once("close", () => sockets.delete(socket));
    });
  });
  const closing = new AbortController();
  const ticking = (async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(tickMs, closing.signal);
      for (const socket of sockets) socket.tick();
    }
  })();
  scope.addHook("preClose", async () => {
    closing.abort();
    await ticking;
    await Promise.race([
      Promise.all([...sockets].map((socket) => socket.closed)),
      clock.sleep(1_000),
    ]);
    for (const socket of sockets) socket.end();
  });
  for (const url of ["/api/sync", "/api/:version/sync"]) {
    scope.get(url, (_request, reply) =>
      reply
        .code(426)
        .header("upgrade", "websocket")
        .send({ code: "UpgradeRequired", message: "This is the address of a WebSocket" }),
    );
  }
}

function longestMessage(registry: Registry): number {
  const args = [...registry.values()].map(({ definition }) => definition.maxArgsBytes);
  return Math.max(shortestLimit, textLimit(Math.max(...args)));
}

/** Whose share of memory a message counts against: a proxy of ours brings many people, each of whom is one. */
function callerOf(request: IncomingMessage, isTrustedProxy: IsTrustedProxy): string {
  const { remoteAddress = "" } = request.socket;
  const forwarded = String(request.headers["x-forwarded-for"] ?? "")
    .split(",")
    .at(-1)
    ?.trim();
  return networkOf(isTrustedProxy(remoteAddress) && forwarded ? forwarded : remoteAddress);
}

function refuse(stream: Duplex, status: string): void {
  stream.on("error", () => undefined);
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () =>
    stream.destroy(),
  );
}
