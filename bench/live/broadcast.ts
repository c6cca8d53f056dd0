import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { type Meeting, openSocket } from "./sockets.ts";

/** The least that tells many of a change: `ws`, which passes the text on to everybody of a meeting. Says its port. */
export async function serveBroadcast({ bytes }: { bytes: number }): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  const meetings = new Map<string, Set<WebSocket>>();
  const text = "x".repeat(bytes);
  server.on("connection", (socket, { url = "" }) => {
    const everybody = meetings.get(url) ?? new Set();
    meetings.set(url, everybody.add(socket));
    socket.on("message", () => {
      for (const one of everybody) one.send(text);
    });
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  process.once("SIGTERM", () => process.exit());
}

/** As many clients as a meeting has. */
export function openBroadcast(port: number, meeting: number, people: number): Promise<Meeting> {
  const open = async () => {
    const { socket, next } = await openSocket(`ws://127.0.0.1:${port}/${meeting}`, () => true);
    return { next, change: () => socket.send("change") };
  };
  return Promise.all(Array.from({ length: people }, open));
}
