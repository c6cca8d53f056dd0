import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A load balancer of the simplest kind: hands each new connection to where it is told to. */
export interface TcpRelay {
  readonly url: string;
  /** New connections go there, to one after the other of those that take them; those there are stay. */
  redirect(...urls: string[]): void;
  /** Breaks every connection. */
  drop(): void;
  close(): Promise<void>;
}

/** Relays connections on loopback to `targets`, http addresses. */
export async function startTcpRelay(...targets: string[]): Promise<TcpRelay> {
  let addresses = targets.map(addressOf);
  let turn = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  const join = (client: Socket, [first, ...others]: Address[]): void => {
    if (first === undefined || client.destroyed) {
      client.destroy();
      return;
    }
    const upstream = keep(connect(first.port, first.hostname));
    const passOn = () => join(client, others);
    upstream.once("error", passOn);
    upstream.once("connect", () => {
      upstream.off("error", passOn);
      client.pipe(upstream).pipe(client);
      upstream.once("close", () => client.destroy());
    });
    client.once("close", () => upstream.destroy());
  };
  const server = createServer((client) => {
    turn = (turn + 1) % addresses.length;
    join(keep(client), [...addresses.slice(turn), ...addresses.slice(0, turn)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    redirect: (...urls) => {
      addresses = urls.map(addressOf);
    },
    drop,
    close: async () => {
      drop();
      server.close();
      await once(server, "close");
    },
  };
}

interface Address {
  hostname: string;
  port: number;
}

function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { hostname, port: Number(port) };
}
