import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { RequestError } from "../replies/requestError.ts";
import { callerOf, type IsTrustedProxy } from "./callers.ts";

export interface RequestLimits {
  /** Requests one connection may have unanswered: browsers send one after the other, and 1 is what clients do. */
  perConnection: number;
  /** Requests from one address that may be unanswered, where a proxy tells the address. */
  perAddress: number;
  /** A proxy itself, or whoever is on its machine, is not limited. */
  isTrustedProxy: IsTrustedProxy;
}

/** Counts requests until they are answered, and refuses what is too many before anything is done for it. */
export function limitRequests(app: FastifyInstance, limits: RequestLimits): void {
  const connections = new Counts<Socket>();
  const addresses = new Counts<string>();
  app.addHook("onRequest", (request, reply, done) => {
    const { socket } = request.raw;
    const address = limits.isTrustedProxy(request.ip) ? undefined : callerOf(request);
    if (connections.of(socket) >= limits.perConnection) return done(tooMany("on this connection"));
    if (address !== undefined && addresses.of(address) >= limits.perAddress)
      return done(tooMany("from your address"));
    connections.add(socket, 1);
    if (address !== undefined) addresses.add(address, 1);
    reply.raw.once("close", () => {
      connections.add(socket, -1);
      if (address !== undefined) addresses.add(address, -1);
    });
    done();
  });
}

class Counts<K> {
  readonly #counts = new Map<K, number>();

  of(key: K): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: K, by: 1 | -1): void {
    const count = this.of(key) + by;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

function tooMany(where: string): RequestError {
  return new RequestError(
    429,
    "TooManyRequests",
    `Too many requests ${where} at once: wait for answers`,
    { "retry-after": "1" },
  );
}
