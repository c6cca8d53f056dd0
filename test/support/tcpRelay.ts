import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A load balancer of the simplest kind: hands each new connection to where it is told to. */
export interface TcpRelay {
  readonly url: string;
  /** New connections go there; those there are stay. */
  redirect(url: string): void;
  /** Breaks every connection. */
  drop(): void;
  close(): Promise<void>;
}

/** Relays connections on loopback to `target`, an http address. */
export async function startTcpRelay(target: string): Promise<TcpRelay> {
  let { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    const upstream = keep(connect(Number(port), hostname));
    keep(client).pipe(upstream).pipe(client);
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    redirect: (url) => {
      ({ hostname, port } = new URL(url));
    },
    drop,
    close: async () => {
      drop();
      server.close();
      await once(server, "close");
    },
  };
}
