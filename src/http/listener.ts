import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { type ConnectionGate, endWith } from "./limits/connectionGate.ts";
import type { TlsPair } from "./tls.ts";

/** What anybody may take of a connection's time, ms. */
export interface TimeLimits {
  /** A TLS handshake. */
  handshake: number;
  /** From the connection, or from a request's first byte, to the end of its headers. */
  headers: number;
  /** A whole request with its body. */
  request: number;
  /** Without a request between two; proxies let go before. */
  idle: number;
  /** Without anything moving while an answer is made or sent. */
  stall: number;
  /** How often connections are looked through for those whose time is over. */
  checkEvery: number;
}

/** A body of 32 KiB may come at 10 kbit/s, the longest arguments of most functions at 70. */
const timeLimits: TimeLimits = {
  handshake: 10_000,
  headers: 10_000,
  request: 30_000,
  idle: 72_000,
  stall: 120_000,
  checkEvery: 1000,
};

export interface ListenerOptions {
  tls?: TlsPair | undefined;
  gate: ConnectionGate;
  times?: TimeLimits | undefined;
}

/** Node's server with our time limits, behind the gate for connections. */
export function createListener(
  handler: RequestListener,
  { tls, gate, times = timeLimits }: ListenerOptions,
): Server {
  const options = {
    headersTimeout: times.headers,
    requestTimeout: times.request,
    keepAliveTimeout: times.idle,
    connectionsCheckingInterval: times.checkEvery,
  };
  const server = tls
    ? createTlsServer({ ...tls, ...options, handshakeTimeout: times.handshake }, handler)
    : createServer(options, handler);
  server.setTimeout(times.stall);
  gate.guard(server);
  return server;
}

/** Answers what is no request, or none in time, and closes the connection. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) return;
  endWith(socket, refusals[error.code ?? ""] ?? notHttp);
}

const notHttp = {
  status: "400 Bad Request",
  code: "BadRequest",
  message: "This is not a request of HTTP/1.1",
};

const refusals: Readonly<Record<string, typeof notHttp>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    code: "RequestTimeout",
    message: "The request did not arrive in time",
  },
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    code: "HeadersTooLarge",
    message: "The headers are too long: at most 16 KiB are taken",
  },
};
