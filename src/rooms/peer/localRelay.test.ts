import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { patience } from "../../../test/support/patience.ts";
import { silentLog } from "../../core/log.ts";
import { LocalRelay } from "./localRelay.ts";

/** A machine whose addresses are chosen here; all of them are this one's loopback. */
const own = { reachable: ["127.0.0.2"], all: new Set(["127.0.0.1", "127.0.0.2"]) };
const request = Buffer.from("000100002112a442000000000000000000000001", "hex");
let now: number;
let sockets: Socket[];
let rooms: Socket;
let relay: LocalRelay;

beforeEach(async () => {
  now = 0;
  sockets = [];
  rooms = await socketAt("127.0.0.1");
  relay = relayOf(() => own);
});
afterEach(() => {
  relay.close();
  for (const socket of sockets) socket.close();
});

const relayOf = (addresses: () => typeof own) =>
  new LocalRelay({
    target: { address: "127.0.0.1", port: rooms.address().port },
    log: silentLog,
    now: () => now,
    addresses,
  });
async function socketAt(address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.bind(0, address);
  await once(socket, "listening");
  return socket;
}
async function door(): Promise<{ address: string; port: number }> {
  const [found] = await relay.addresses();
  if (!found) throw new Error("there is no address");
  return found;
}
function keep(socket: Socket): string[] {
  const texts: string[] = [];
  socket.on("message", (packet) => texts.push(packet.toString()));
  return texts;
}

test("passes a client of this machine on, and what it is answered back", async () => {
  const { address, port } = await door();
  const client = await socketAt("127.0.0.2");
  const heard = keep(client);
  client.send(request, port, address);
  const [packet, from] = await once(rooms, "message");
  expect(packet).toEqual(request);
  // As its own address, so that it is not told that it is loopback.
  expect(from.address).toBe("127.0.0.2");
  rooms.send("answer", from.port, from.address);
  await vi.waitFor(() => expect(heard).toEqual(["answer"]), patience);
  client.send("media", port, address);
  expect(String((await once(rooms, "message"))[0])).toBe("media");
});

test("drops what another machine sends, and what does not begin with a request", async () => {
  const { address, port } = await door();
  const heard = keep(rooms);
  const stranger = await socketAt("127.0.0.3");
  stranger.send(request, port, address);
  const client = await socketAt("127.0.0.2");
  client.send("media", port, address);
  const other = await socketAt("127.0.0.2");
  other.send(request, port, address);
  await vi.waitFor(() => expect(heard).toEqual([request.toString()]), patience);
});

test("takes packets of the rooms alone for those it passes back", async () => {
  const { address, port } = await door();
  const client = await socketAt("127.0.0.2");
  const heard = keep(client);
  client.send(request, port, address);
  const [, from] = await once(rooms, "message");
  const stranger = await socketAt("127.0.0.3");
  await new Promise((sent) => stranger.send("forged", from.port, from.address, sent));
  rooms.send("answer", from.port, from.address);
  await vi.waitFor(() => expect(heard).toEqual(["answer"]), patience);
});

test("follows the machine's addresses", async () => {
  const addresses = { ...own };
  relay.close();
  relay = relayOf(() => addresses);
  expect((await relay.addresses()).map(({ address }) => address)).toEqual(["127.0.0.2"]);
  addresses.reachable = ["127.0.0.4"];
  expect((await relay.addresses()).map(({ address }) => address)).toEqual(["127.0.0.4"]);
  addresses.reachable = [];
  expect(await relay.addresses()).toEqual([]);
});

test("uses another port where the rooms' own is taken", async () => {
  const taken = createSocket("udp4");
  sockets.push(taken);
  taken.bind({ port: rooms.address().port, address: "127.0.0.2", exclusive: true });
  await once(taken, "listening");
  expect((await door()).port).not.toBe(rooms.address().port);
});
