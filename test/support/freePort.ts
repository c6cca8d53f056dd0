import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below what systems give out by themselves, so that a port stays free until it is used: no connection gets it by chance. */
const range = { first: 20_000, end: 30_000 };
const given = new Set<number>();

/** A TCP port of this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return freeOne(async (port) => {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
  });
}

/** A UDP port of this machine that nobody uses. */
export function freeUdpPort(): Promise<number> {
  return freeOne(async (port) => {
    const socket = createSocket("udp4").bind(port, "127.0.0.1");
    await once(socket, "listening");
    socket.close();
    await once(socket, "close");
  });
}

/** One that can be taken, each once. */
async function freeOne(take: (port: number) => Promise<void>): Promise<number> {
  for (;;) {
    const port = randomInt(range.first, range.end);
    if (given.has(port)) continue;
    given.add(port);
    const isFree = await take(port).then(() => true, isTaken);
    if (isFree) return port;
  }
}

function isTaken(error: unknown): false {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
  throw error;
}
