import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

/** How bad a network is, in each direction. */
export interface NetworkConditions {
  /** Share of media packets lost, 0–1. Connection checks and handshakes pass. */
  loss: number;
  delayMs: number;
  /** What gets through at most, each way, kbit/s; absent = all. What has to wait too long is lost. */
  kbps?: number;
  /** How long that may be, ms; absent = 250, the buffer of a modest router. */
  queueMs?: number;
  /** Numbers in [0, 1). */
  random: () => number;
}

export interface Peer {
  address: string;
  port: number;
}

const usualQueueMs = 250;

/** A UDP relay on this machine that loses, delays and holds back what passes through, and can be cut. */
export class NetworkLink {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #target: Peer;
  readonly #conditions: NetworkConditions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #client: RemoteInfo | undefined;
  #cut = false;
  /** When what is under way to each side has got through, ms. */
  readonly #freeAt = new Map<Socket, number>();

  private constructor(near: Socket, far: Socket, target: Peer, conditions: NetworkConditions) {
    this.#near = near;
    this.#far = far;
    this.#target = target;
    this.#conditions = conditions;
    near.on("message", (packet, from) => {
      this.#client = from;
      this.#pass(packet, far, this.#target);
    });
    far.on("message", (packet) => {
      if (this.#client) this.#pass(packet, near, this.#client);
    });
  }

  /** A relay to `target`; clients send to `127.0.0.1:port`. */
  static async open(target: Peer, conditions: NetworkConditions): Promise<NetworkLink> {
    const [near, far] = await Promise.all([boundSocket(), boundSocket()]);
    return new NetworkLink(near, far, target, conditions);
  }

  get port(): number {
    return this.#near.address().port;
  }

  /** How long a packet on its way to the target waits for its turn now, ms. */
  get waitingMs(): number {
    return this.#waitOf(this.#far);
  }

  /** The same on the way back to the client. */
  get waitingBackMs(): number {
    return this.#waitOf(this.#near);
  }

  /** From now on nothing passes, as when a cable is pulled. */
  cut(): void {
    this.#cut = true;
  }

  close(): void {
    this.#cut = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#near.close();
    this.#far.close();
  }

  #waitOf(through: Socket): number {
    return Math.max(0, (this.#freeAt.get(through) ?? 0) - performance.now());
  }

  #pass(packet: Buffer, through: Socket, to: Peer): void {
    const { loss, random } = this.#conditions;
    if (this.#cut || (isMedia(packet) && random() < loss)) return;
    const delayMs = this.#delayOf(packet, through);
    if (delayMs === undefined) return;
    const deliver = () => {
      if (!this.#cut) through.send(packet, to.port, to.address);
    };
    if (delayMs === 0) {
      deliver();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      deliver();
    }, delayMs);
    this.#timers.add(timer);
  }

  /** How long a packet is under way, ms; undefined when the queue is full. */
  #delayOf(packet: Buffer, through: Socket): number | undefined {
    const { delayMs, kbps, queueMs = usualQueueMs } = this.#conditions;
    if (kbps === undefined) return delayMs;
    const now = performance.now();
    const begins = Math.max(now, this.#freeAt.get(through) ?? 0);
    if (begins - now > queueMs) return undefined;
    const ends = begins + (packet.length * 8) / kbps;
    this.#freeAt.set(through, ends);
    return ends - now + delayMs;
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  // A destination that is gone is reported as an error; here it is one more lost packet.
  socket.on("error", () => undefined);
  return socket;
}

/** RTP and RTCP share a port with STUN and DTLS, and differ in the first byte (RFC 7983). */
function isMedia(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  return first >= 128 && first <= 191;
}

const hostCandidate = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*\r?\n/im;

/** Where an SDP answer says that media goes: its first IPv4 UDP host candidate. */
export function mediaAddress(answer: string): Peer | undefined {
  const [, address, port] = hostCandidate.exec(answer) ?? [];
  return address === undefined ? undefined : { address, port: Number(port) };
}

/** The answer with `port` on this machine as its only candidate. */
export function rerouted(answer: string, port: number): string {
  const [line = "", address = "", original = ""] = hostCandidate.exec(answer) ?? [];
  const detour = line.replace(` ${address} ${original} `, ` 127.0.0.1 ${port} `);
  return answer.replace(/^a=candidate:.*\r?\n/gm, (candidate) =>
    candidate === line ? detour : "",
  );
}
