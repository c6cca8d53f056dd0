import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guardedFetch } from "./guardedFetch.ts";
import { outbound } from "./outbound.ts";

let server: Server;
let origin: string;
const asked: (string | undefined)[] = [];
beforeAll(async () => {
  server = createServer(({ url, headers }, response) => {
    asked.push(headers.accept);
    if (url === "/none") response.writeHead(204).end();
    else if (url === "/away") response.writeHead(302, { location: "/" }).end();
    else if (url === "/slow") response.write("{");
    else response.writeHead(200, { "content-type": "application/json" }).end('{"a":1}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const fetch = (trusted = true) =>
  guardedFetch(outbound({ silenceMs: 5_000, trustedOrigins: trusted ? [origin] : [] }));

test("a document is read like with fetch", async () => {
  const answer = await fetch()(`${origin}/`, { headers: { accept: "application/json" } });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
  expect(await answer.json()).toEqual({ a: 1 });
  expect(asked.at(-1)).toBe("application/json");
});

test("an answer without a body, and a redirect, are answers", async () => {
  expect((await fetch()(`${origin}/none`)).status).toBe(204);
  expect((await fetch()(`${origin}/away`)).status).toBe(302);
});

test("a signal ends the waiting, also for a body", async () => {
  const stop = new AbortController();
  const answer = await fetch()(`${origin}/slow`, { signal: stop.signal });
  const text = answer.text();
  stop.abort();
  await expect(text).rejects.toThrow();
});

test("an address inside is not asked unless it is the operator's", async () => {
  await expect(fetch(false)(`${origin}/`)).rejects.toMatchObject({ name: "BlockedAddressError" });
});
