import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { Log } from "../../core/log.ts";

export interface LocalRelayOptions {
  /** Where packets go: the rooms' own address and port. */
  target: { address: string; port: number };
  log: Log;
  /** Monotonic ms. */
  now: () => number;
  /** Addresses of this machine now; absent = asks the system. */
  addresses?: () => OwnAddresses;
}

export interface OwnAddresses {
  /** IPv4, not loopback: a browser here may send to these. */
  reachable: string[];
  /** Every address a packet of this machine can come from. */
  all: ReadonlySet<string>;
}

/** A socket on one address of this machine. */
interface Door {
  address: string;
  port: number;
  socket: Socket;
}

/** One client's packets, under a port of their own towards the rooms. */
interface Flow {
  socket: Socket;
  isOpen: boolean;
  heardAt: number;
}

/** Interfaces of containers and virtual machines add more, which no browser needs. */
const maxDoors = 4;
/** Connections at once, beyond what publishers and subscribers need. */
const maxFlows = 512;
/** What arrives while this process is busy, bytes; as much as the system allows. */
const bufferBytes = 1024 * 1024;
/** ICE asks every few seconds whether the other side still wants packets. */
const idleMs = 30_000;
const sweepEveryMs = 5000;
/** Own addresses change with the network. */
const scanEveryMs = 1000;

/**
 * Lets clients on this machine that send nothing to loopback (Firefox, GStreamer) reach rooms that are bound to loopback: takes their
 * packets on the machine's other addresses and passes them on. Packets of other machines are dropped unread: the system lets none
 * in that claims to come from here.
 */
export class LocalRelay {
  #options: LocalRelayOptions;
  #doors: Door[] = [];
  #flows = new Map<string, Flow>();
  #own: OwnAddresses = { reachable: [], all: new Set() };
  #scannedAt = Number.NEGATIVE_INFINITY;
  #sweep: NodeJS.Timeout | undefined;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: LocalRelayOptions) {
    this.#options = options;
  }

  /** Where clients of this machine may send to now; empty where it has no address but loopback. */
  async addresses(): Promise<{ address: string; port: number }[]> {
    this.#opening = this.#opening.then(() => this.#openDoors());
    await this.#opening;
    return this.#doors.map(({ address, port }) => ({ address, port }));
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const { socket } of this.#doors.splice(0)) socket.close();
    for (const { socket } of this.#flows.values()) socket.close();
    this.#flows.clear();
  }

  async #openDoors(): Promise<void> {
    this.#scan();
    const wanted = this.#own.reachable.slice(0, maxDoors);
    for (const door of this.#doors.filter(({ address }) => !wanted.includes(address)))
      this.#shut(door);
    for (const address of wanted)
      if (!this.#doors.some((door) => door.address === address)) await this.#open(address);
  }

  async #open(address: string): Promise<void> {
    const { target, log } = this.#options;
    // The same port where it is free: one number to remember.
    const socket = (await bound(address, target.port)) ?? (await bound(address, 0));
    if (!socket) {
      log.warn({ address }, "browsers on this machine cannot be reached over this address");
      return;
    }
    const door = { address, port: socket.address().port, socket };
    socket.on("message", (packet, from) => this.#inward(door, packet, from));
    socket.on("error", () => this.#shut(door));
    this.#doors.push(door);
    this.#sweep ??= setInterval(() => this.#forgetIdle(), sweepEveryMs).unref();
  }

  #shut(door: Door): void {
    if (!this.#doors.includes(door)) return;
    this.#doors = this.#doors.filter((other) => other !== door);
    door.socket.close();
  }

  #inward(door: Door, packet: Buffer, from: { address: string; port: number }): void {
    const key = `${door.address} ${from.address} ${from.port}`;
    const flow = this.#flows.get(key);
    if (!flow) {
      if (this.#mayBegin(packet, from.address)) this.#begin(key, door, packet, from);
      return;
    }
    flow.heardAt = this.#options.now();
    if (flow.isOpen) flow.socket.send(packet, ignore);
  }

  #mayBegin(packet: Buffer, address: string): boolean {
    return isBindingRequest(packet) && this.#flows.size < maxFlows && this.#isOwn(address);
  }

  #begin(key: string, door: Door, packet: Buffer, from: { address: string; port: number }): void {
    const socket = createSocket({ type: "udp4", recvBufferSize: bufferBytes });
    const flow: Flow = { socket, isOpen: false, heardAt: this.#options.now() };
    const isCurrent = () => this.#flows.get(key) === flow;
    this.#flows.set(key, flow);
    socket.on("error", () => {
      if (isCurrent()) this.#end(key, flow);
    });
    socket.on("message", (answer) => {
      if (this.#doors.includes(door)) door.socket.send(answer, from.port, from.address, ignore);
    });
    const { target } = this.#options;
    // Not from loopback: ICE tells a client the address it is seen at, and Firefox takes no such one. Connected, it takes
    // packets of the rooms alone.
    socket.bind({ address: door.address, port: 0, exclusive: true }, () => {
      if (isCurrent()) socket.connect(target.port, target.address);
    });
    socket.once("connect", () => {
      if (!isCurrent()) return;
      flow.isOpen = true;
      socket.send(packet, ignore);
    });
  }

  #end(key: string, { socket }: Flow): void {
    this.#flows.delete(key);
    socket.close();
  }

  #forgetIdle(): void {
    const now = this.#options.now();
    for (const [key, flow] of this.#flows) if (now - flow.heardAt > idleMs) this.#end(key, flow);
  }

  #isOwn(address: string): boolean {
    if (this.#options.now() - this.#scannedAt > scanEveryMs) this.#scan();
    return this.#own.all.has(address);
  }

  #scan(): void {
    this.#scannedAt = this.#options.now();
    this.#own = (this.#options.addresses ?? ownAddresses)();
  }
}

/** The machine's addresses, as the system has them. */
export function ownAddresses(): OwnAddresses {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const reachable = found.filter(({ family, internal, address }) => {
    return family === "IPv4" && !internal && !address.startsWith("169.254.");
  });
  return {
    reachable: [...new Set(reachable.map(({ address }) => address))],
    all: new Set(found.map(({ address }) => address)),
  };
}

/** What a client's first packet is (RFC 8489). */
function isBindingRequest(packet: Buffer): boolean {
  return (
    packet.length >= 20 && packet.readUInt16BE(0) === 1 && packet.readUInt32BE(4) === 0x2112a442
  );
}

function bound(address: string, port: number): Promise<Socket | undefined> {
  const socket = createSocket({ type: "udp4", recvBufferSize: bufferBytes });
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** What is lost on the way is the transport's business. */
const ignore = (): void => undefined;
