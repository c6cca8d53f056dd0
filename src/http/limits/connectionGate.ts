import type { Server, Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Clock } from "../../core/clock.ts";
import { type IsTrustedProxy, networkOf } from "./callers.ts";

export interface ConnectionLimits {
  /** Connections at once, of everybody together. */
  total: number;
  /** Connections at once from one address; a proxy of ours brings many people and has none. */
  perAddress: number;
}

interface Closable extends Server {
  closeIdleConnections(): void;
}

/** From this part of the total on, connections on which nothing happens are closed to make room. */
const crowded = 0.75;
const tidyEveryMs = 1000;

/** Lets connections in as long as there is room, before anything is read from them or made for them. */
export class ConnectionGate {
  readonly #limits: ConnectionLimits;
  readonly #isTrustedProxy: IsTrustedProxy;
  readonly #clock: Clock;
  readonly #byNetwork = new Map<string, number>();
  #open = 0;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { limits: ConnectionLimits; isTrustedProxy: IsTrustedProxy; clock: Clock }) {
    this.#limits = options.limits;
    this.#isTrustedProxy = options.isTrustedProxy;
    this.#clock = options.clock;
  }

  /** Connections now. */
  get open(): number {
    return this.#open;
  }

  /** Puts itself in front of what `server` does with a connection. */
  guard(server: Closable): void {
    const serve = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      if (this.#open >= this.#limits.total * crowded) this.#tidy(server);
      const refusal = this.#admit(socket);
      if (refusal === undefined) for (const listener of serve) listener.call(server, socket);
      else if (server instanceof TlsServer) socket.destroy();
      else endWith(socket, refusal);
    });
  }

  #admit(socket: Socket): Refusal | undefined {
    if (this.#open >= this.#limits.total) return full;
    const { remoteAddress = "" } = socket;
    const network = this.#isTrustedProxy(remoteAddress) ? undefined : networkOf(remoteAddress);
    const ofNetwork = network === undefined ? 0 : (this.#byNetwork.get(network) ?? 0);
    if (ofNetwork >= this.#limits.perAddress) return tooMany;
    this.#open += 1;
    if (network !== undefined) this.#byNetwork.set(network, ofNetwork + 1);
    socket.once("close", () => this.#closed(network));
    return undefined;
  }

  #closed(network: string | undefined): void {
    this.#open -= 1;
    if (network === undefined) return;
    const left = (this.#byNetwork.get(network) ?? 0) - 1;
    if (left > 0) this.#byNetwork.set(network, left);
    else this.#byNetwork.delete(network);
  }

  #tidy(server: Closable): void {
    const now = this.#clock.now();
    if (Math.abs(now - this.#tidiedAt) < tidyEveryMs) return;
    this.#tidiedAt = now;
    server.closeIdleConnections();
  }
}

interface Refusal {
  /** Code and reason phrase. */
  status: string;
  code: string;
  message: string;
  retryAfterS?: number;
}

const full: Refusal = {
  status: "503 Service Unavailable",
  code: "Overloaded",
  message: "The server has all the connections it takes. Try again later.",
  retryAfterS: 1,
};

const tooMany: Refusal = {
  status: "429 Too Many Requests",
  code: "TooManyRequests",
  message: "Too many connections from your address: close some of them",
  retryAfterS: 1,
};

/** The answer to whoever is not served, written past the HTTP server; what arrives meanwhile is not read. */
export function endWith(socket: Socket, { status, code, message, retryAfterS }: Refusal): void {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    ...(retryAfterS === undefined ? [] : [`retry-after: ${retryAfterS}`]),
  ];
  socket.on("error", () => undefined);
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
