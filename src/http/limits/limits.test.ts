import { connect, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { type SampleServer, sampleServer } from "../../../test/support/functions/sampleServer.ts";
import { patience, takeTime } from "../../../test/support/patience.ts";

takeTime();

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

type Options = Parameters<typeof sampleServer>[0];

async function start(options: Options = {}): Promise<SampleServer & { port: number }> {
  const server = sampleServer(options);
  open.push({ close: () => server.close(0) });
  const { port } = new URL(await server.listen("127.0.0.1", 0));
  return { ...server, port: Number(port) };
}

interface Line {
  socket: Socket;
  /** Everything received when the other side has closed. */
  ended: Promise<string>;
  /** Everything received once it matches. */
  received(what: RegExp): Promise<string>;
}

function dial({ port }: { port: number }, text = ""): Line {
  const socket = connect(port, "127.0.0.1");
  open.push({ close: () => void socket.destroy() });
  let got = "";
  socket.setEncoding("latin1").on("error", () => undefined);
  socket.on("data", (chunk: string) => {
    got += chunk;
  });
  socket.write(text);
  const ended = new Promise<string>((resolve) => socket.on("close", () => resolve(got)));
  const received = (what: RegExp) =>
    new Promise<string>((resolve) => {
      const look = () => what.test(got) && resolve(got);
      socket.on("data", look);
      look();
    });
  return { socket, ended, received };
}

/** The head of a call; `length` is announced, or the body comes in chunks. */
const call = (length: number | "chunked", more = "", path = "samples/echo") =>
  `POST /api/run/${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${
    length === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`
  }\r\n${more}\r\n`;

const alice = "authorization: Bearer user:alice\r\n";
const fast = {
  handshake: 200,
  headers: 200,
  request: 400,
  idle: 200,
  stall: 60_000,
  checkEvery: 20,
};

it("refuses a stranger's long body by its announcement, before anything of it came", async () => {
  const server = await start();
  const lines = Array.from({ length: 60 }, () => dial(server, call(16 * 2 ** 20)));
  for (const line of lines) expect(await line.received(/BodyTooLarge/)).toMatch(/^HTTP\/1.1 413 /);
  const forger = dial(server, call(16 * 2 ** 20, "authorization: Bearer nonsense\r\n"));
  expect(await forger.received(/InvalidAuthHeader/)).toMatch(/^HTTP\/1.1 401 /);
  const member = dial(server, call(16 * 2 ** 20, alice));
  expect(await member.received(/BodyTooLarge/)).toMatch(/^HTTP\/1.1 413 /);
});

it("refuses a body that announces nothing as soon as it is too long, and takes the next request", async () => {
  const server = await start();
  const { socket, received } = dial(server, call("chunked"));
  const chunk = `1000\r\n${" ".repeat(0x1000)}\r\n`;
  for (let sent = 0; sent < 10; sent++) socket.write(chunk);
  expect(await received(/BodyTooLarge/)).toMatch(/^HTTP\/1.1 413 /);
  socket.write(`${chunk}0\r\n\r\n${call(11, "", "counter/total")}{"args":{}}`);
  expect(await received(/"value"/)).toContain("HTTP/1.1 200 OK");
});

it("cuts off who sends headers or a body too slowly, or nothing, and says so", async () => {
  const server = await start({ times: fast });
  const slow = [dial(server), dial(server, "POST /api/query HT"), dial(server, `${call(100)}{`)];
  for (const { ended } of slow)
    expect(await ended).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"RequestTimeout"/);
});

it("holds no more than one caller's share, whoever else calls", async () => {
  const server = await start();
  const held = Array.from({ length: 40 }, () => {
    const line = dial(server, call(16 * 2 ** 20, alice, "samples/count"));
    line.socket.write(`{"args":{"text":"${"x".repeat(2 ** 20)}`);
    return line;
  });
  const answers = held.map(({ received }) => received(/TooManyRequests/));
  expect(await Promise.any(answers)).toMatch(/^HTTP\/1.1 429 /);
  const bob = dial(
    server,
    `${call(20_011, "authorization: Bearer user:bob\r\n", "counter/total")}`,
  );
  bob.socket.write(`{"args":{}}${" ".repeat(20_000)}`);
  expect(await bob.received(/"value"/)).toContain("HTTP/1.1 200 OK");
});

it("answers in words when there are as many connections as it takes, and goes on when some are gone", async () => {
  const server = await start({ connections: { total: 4, perAddress: 4 } });
  const there = Array.from({ length: 4 }, () => dial(server, call(10)));
  const full = await dial(server).ended;
  expect(full).toMatch(/^HTTP\/1.1 503 [\s\S]*"code":"Overloaded"/);
  for (const { socket } of there) socket.destroy();
  await served(server);
});

it("gives one address no more than its share of connections", async () => {
  const server = await start({ connections: { total: 100, perAddress: 3 }, trustedProxies: [] });
  const there = Array.from({ length: 3 }, () => dial(server, call(10)));
  expect(await dial(server).ended).toMatch(/^HTTP\/1.1 429 [\s\S]*"code":"TooManyRequests"/);
  for (const { socket } of there) socket.destroy();
  await served(server);
});

it("closes idle connections to make room", async () => {
  const server = await start({ connections: { total: 4, perAddress: 4 } });
  const there = Array.from({ length: 3 }, () => dial(server, get));
  for (const { received } of there) await received(/"ok"/);
  for (let more = 0; more < 8; more++) {
    const line = dial(server, get);
    await line.received(/"ok"/);
    line.socket.destroy();
    await line.ended;
  }
  for (const { ended } of there) await ended;
});

it("takes a proxy's word on who calls, and gives each address its share behind it", async () => {
  const options = { connections: { total: 100, perAddress: 2 }, trustedProxies: ["127.0.0.1"] };
  const server = await start(options);
  const from = (address: string) =>
    dial(
      server,
      `${call(13, `x-forwarded-for: 10.0.0.9, ${address}\r\n`, "samples/wait")}{"args":{}  }`,
    );
  const waiting = [from("203.0.113.7"), from("203.0.113.7")];
  await entered(server, 2);
  expect(await from("203.0.113.7").received(/\}$/)).toMatch(/^HTTP\/1.1 429 /);
  from("203.0.113.8");
  await entered(server, 3);
  for (const { socket } of waiting) socket.destroy();
});

it("refuses what one connection asks for beyond what it may have unanswered", async () => {
  const server = await start();
  const one = `${call(11, "", "samples/wait")}{"args":{}}`;
  const { socket } = dial(server, one.repeat(200));
  await entered(server, 32);
  const health = dial(server, get);
  await health.received(/"ok"/);
  await entered(server, 32);
  socket.destroy();
});

it("refuses a request with two hosts", async () => {
  const server = await start();
  const { received } = dial(
    server,
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nhost: evil\r\n\r\n",
  );
  expect(await received(/BadHost/)).toMatch(/^HTTP\/1.1 400 /);
});

/** Until so many calls of `samples:wait` run. */
const entered = ({ log }: SampleServer, calls: number) =>
  vi.waitFor(
    () => expect(log.lines.filter((line) => line === "info waiting")).toHaveLength(calls),
    patience,
  );

const get = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** Until one more is served: that others are gone is found out later. */
async function served(server: { port: number }): Promise<void> {
  for (;;) {
    const line = dial(server, get);
    const text = await Promise.race([line.ended, line.received(/"ok"/)]);
    line.socket.destroy();
    if (text.includes('"ok"')) return;
  }
}
