import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import type { SocketConnection } from "../../../src/db/embedded/start.ts";

/** Between a client and PostgreSQL: what a network or a pooler does to a connection. */
export interface ProxyFaults {
  /** Cuts the connection, after passing it on, when a client message contains this text. */
  cutAfter?: string;
  /** Drops the session settings of the connection request, as poolers can. */
  dropOptions?: boolean;
}

export interface PostgresProxy {
  readonly connection: SocketConnection;
  readonly faults: ProxyFaults;
  close(): Promise<void>;
}

/** Listens on a socket of its own and passes everything on to `target`. */
export async function postgresProxy(
  target: SocketConnection,
  faults: ProxyFaults,
): Promise<PostgresProxy> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "connvo-proxy-"));
  const sockets = new Set<Socket>();
  const server = createServer((client) => relay(client, target, faults, sockets));
  const socketOf = (host: string) => path.join(host, `.s.PGSQL.${target.port}`);
  await new Promise<void>((resolve) => server.listen(socketOf(folder), resolve));
  return {
    connection: { ...target, host: folder },
    faults,
    close: () => shut(server, sockets, folder),
  };
}

function relay(
  client: Socket,
  target: SocketConnection,
  faults: ProxyFaults,
  sockets: Set<Socket>,
): void {
  const server = dial(path.join(target.host, `.s.PGSQL.${target.port}`));
  for (const socket of [client, server]) {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      client.destroy();
      server.destroy();
    });
  }
  let first = true;
  client.on("data", (data) => {
    server.write(first && faults.dropOptions ? withoutOptions(data) : data);
    first = false;
    // PostgreSQL gets all of it, the client no answer.
    if (faults.cutAfter !== undefined && data.includes(faults.cutAfter)) {
      client.destroy();
      server.destroySoon();
    }
  });
  server.on("data", (data) => client.write(data));
}

/** The startup message with its `options` parameter removed. */
function withoutOptions(startup: Buffer): Buffer {
  const fields = startup.subarray(8).toString("latin1").split("\0");
  const kept: string[] = [];
  for (let index = 0; index + 1 < fields.length && fields[index] !== ""; index += 2)
    if (fields[index] !== "options") kept.push(fields[index] ?? "", fields[index + 1] ?? "");
  const body = Buffer.from(`${kept.join("\0")}\0\0`, "latin1");
  const head = Buffer.from(startup.subarray(0, 8));
  head.writeUInt32BE(8 + body.length);
  return Buffer.concat([head, body]);
}

async function shut(server: Server, sockets: Set<Socket>, folder: string): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
}
