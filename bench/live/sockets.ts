import { once } from "node:events";
import WebSocket from "ws";

/** A client that counts what it is sent. */
export interface Client {
  /** Resolves with when the next change is here, ms of this process's clock, and how long its message is. */
  next(): Promise<{ at: number; bytes: number }>;
  /** Makes a change that everybody in its meeting is told of. */
  change(): void;
}

/** One meeting's clients, of whom the first makes the changes. */
export type Meeting = readonly Client[];

/** Opens a socket whose messages are looked at by `isChange`. */
export async function openSocket(
  url: string,
  isChange: (text: string) => boolean,
): Promise<{ socket: WebSocket; next: Client["next"] }> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let waiting: ((told: { at: number; bytes: number }) => void) | undefined;
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    if (!isChange(text)) return;
    waiting?.({ at: performance.now(), bytes: data.length });
    waiting = undefined;
  });
  await once(socket, "open");
  const next: Client["next"] = () =>
    new Promise((resolve) => {
      waiting = resolve;
    });
  return { socket, next };
}

export interface Delivered {
  /** From asking for a change until each client has it, s. */
  seconds: number[];
  /** Of the longest message. */
  bytes: number;
}

/** Makes a change in each meeting, one after the other. */
export async function changeEach(meetings: readonly Meeting[]): Promise<Delivered> {
  const seconds: number[] = [];
  let bytes = 0;
  for (const clients of meetings) {
    const told = clients.map((client) => client.next());
    const began = performance.now();
    clients[0]?.change();
    for (const { at, bytes: length } of await Promise.all(told)) {
      seconds.push((at - began) / 1000);
      bytes = Math.max(bytes, length);
    }
  }
  return { seconds, bytes };
}
