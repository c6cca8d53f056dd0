import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** A UDP port that leads to another one of this machine; what is sent there before it is opened waits. */
export interface HeldUdp {
  readonly port: number;
  open(): void;
  close(): void;
}

export async function holdUdp(to: number): Promise<HeldUdp> {
  const front = createSocket("udp4").bind(0, "127.0.0.1");
  await once(front, "listening");
  /** One for each sender, so that answers find their way. */
  const ways = new Map<string, Socket>();
  let waiting: (() => void)[] | undefined = [];
  front.on("message", (datagram, { address, port }) => {
    const sender = `${address} ${port}`;
    const way = ways.get(sender) ?? createSocket("udp4");
    if (!ways.has(sender)) way.on("message", (answer) => front.send(answer, port, address));
    ways.set(sender, way);
    const pass = () => way.send(datagram, to, "127.0.0.1");
    if (waiting) waiting.push(pass);
    else pass();
  });
  return {
    port: front.address().port,
    open: () => {
      for (const pass of waiting ?? []) pass();
      waiting = undefined;
    },
    close: () => {
      for (const socket of [front, ...ways.values()]) socket.close();
    },
  };
}
