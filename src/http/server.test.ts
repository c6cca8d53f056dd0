import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import type { FastifyPluginAsync } from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type SampleServer, sampleServer } from "../../test/support/functions/sampleServer.ts";
import { patience, takeTime } from "../../test/support/patience.ts";
import { AppError } from "../core/errors.ts";

takeTime();

const open: SampleServer[] = [];

function start(...options: Parameters<typeof sampleServer>): SampleServer {
  const server = sampleServer(...options);
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

const json = { "content-type": "application/json" };

describe("CORS", () => {
  it.each(["/api/query", "/api/run/a/b", "/health", "/openapi.json", "/api/anything"])(
    "answers the preflight of %s by echoing what it asks for",
    async (url) => {
      const { app } = start();
      const response = await app.inject({
        method: "OPTIONS",
        url,
        headers: {
          origin: "https://app.example",
          "access-control-request-headers": "convex-client",
        },
      });
      expect(response.statusCode).toBe(200);
      expect(response.headers).toMatchObject({
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET,POST,OPTIONS,PATCH,DELETE,PUT",
        "access-control-allow-headers": "convex-client",
        "access-control-max-age": "86400",
        vary: "origin, access-control-request-method, access-control-request-headers",
      });
    },
  );

  it("marks answers and errors alike, and names no origin when none was sent", async () => {
    const { app } = start();
    const body = { path: "x", args: {} };
    for (const payload of [JSON.stringify(body), "{"]) {
      const headers = { ...json, origin: "https://app.example" };
      const response = await app.inject({ method: "POST", url: "/api/query", headers, payload });
      expect(response.headers["access-control-allow-origin"]).toBe("https://app.example");
    }
    const response = await app.inject("/health");
    expect(response.headers).not.toHaveProperty("access-control-allow-origin");
    expect(response.headers["access-control-allow-credentials"]).toBe("true");
  });

  it("stays away from the routes of plugins", async () => {
    const { app } = start({
      plugins: [async (scope) => void scope.get("/sign-in", () => ({ ok: true }))],
    });
    const response = await app.inject({
      url: "/sign-in",
      headers: { origin: "https://evil.example" },
    });
    expect(response.statusCode).toBe(200);
    expect(
      Object.keys(response.headers).filter((name) => /access-control|vary/.test(name)),
    ).toEqual([]);
  });
});

describe("health and meta addresses", () => {
  it("tell that the server lives and what it is", async () => {
    const { app } = start();
    const health = (await app.inject("/health")).json();
    expect(health).toEqual({ status: "healthy", timestamp: expect.any(Number), version: "1.0.0" });
    expect((await app.inject("/healthz")).json()).toEqual({ status: "ok" });
    expect((await app.inject("/version")).body).toBe("0.0.0-test");
    expect((await app.inject("/instance_name")).body).toBe("connvo");
  });

  it("name what is not ready, without saying why", async () => {
    const { app } = start({
      readiness: [
        { name: "database", check: () => Promise.reject(new Error("secret host")) },
        { name: "rooms", check: async () => undefined },
      ],
    });
    const response = await app.inject("/readyz");
    expect(response.statusCode).toBe(503);
    expect(response.json()).toEqual({ status: "not ready", failed: ["database"] });
    const ready = await start().app.inject("/readyz");
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: "ready" }]);
  });
});

describe("the API document", () => {
  it("is served as JSON and to browse, from this server alone", async () => {
    const { app } = start();
    const document = (await app.inject("/openapi.json")).json();
    expect(document.paths).toHaveProperty(["/api/run/messages/list"]);
    const page = await app.inject("/docs");
    expect(page.headers["content-type"]).toMatch(/^text\/html/);
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/(src|href)="https?:/);
    const scripts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = ""]) => url);
    for (const url of scripts) {
      const asset = await app.inject(new URL(url, "http://localhost/docs").pathname);
      expect([url, asset.statusCode]).toEqual([url, 200]);
    }
    const initializer = await app.inject("/docs/static/swagger-initializer.js");
    expect(initializer.body).toContain('"validatorUrl":null');
  });
});

describe("request ids and headers", () => {
  it("are 16 hex digits, or the client's own when it can be logged", async () => {
    const { app } = start();
    const id = async (chosen?: string) => {
      const headers = chosen === undefined ? {} : { "convex-request-id": chosen };
      return (await app.inject({ url: "/healthz", headers })).headers["x-request-id"];
    };
    expect(await id()).toMatch(/^[0-9a-f]{16}$/);
    expect(await id()).not.toBe(await id());
    expect(await id("my-id_1")).toBe("my-id_1");
    expect(await id("x".repeat(129))).toMatch(/^[0-9a-f]{16}$/);
    expect(await id("two words")).toMatch(/^[0-9a-f]{16}$/);
  });

  it("forbid content sniffing and caching of results", async () => {
    const { app } = start();
    const response = await app.inject({
      method: "POST",
      url: "/api/run/messages/list",
      headers: json,
      payload: '{"args":{}}',
    });
    expect(response.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });
});

describe("errors of plugins", () => {
  const failing = (error: Error) =>
    start({
      plugins: [
        async (scope) =>
          void scope.get("/fail", () => {
            throw error;
          }),
      ],
    });

  it("become the status of their code, with a hint when to come back", async () => {
    const error = new AppError("RATE_LIMIT_EXCEEDED", "Too many", { retryAfterMs: 1500 });
    const response = await failing(error).app.inject("/fail");
    expect([response.statusCode, response.headers["retry-after"]]).toEqual([429, "2"]);
    expect(response.json()).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", message: "Too many" });
  });

  it("say nothing when they are ours, and are logged", async () => {
    const server = failing(new Error("password=hunter2"));
    const response = await server.app.inject("/fail");
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain("hunter2");
    expect(server.log.lines).toEqual(["error request failed Error: password=hunter2"]);
  });

  it.each(["/%zz", "/api/run/%", `/api/run/${"a/".repeat(2000)}b`])(
    "answer the odd address %.20s without breaking",
    async (url) => {
      const response = await start().app.inject({
        method: "POST",
        url,
        headers: json,
        payload: "{}",
      });
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.statusCode).toBeLessThan(500);
    },
  );
});

describe("a running server", () => {
  const waiting = (address: string, signal?: AbortSignal) =>
    fetch(`${address}/api/action`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ path: "samples:wait", args: {} }),
      ...(signal && { signal }),
    });

  it("cuts off what still runs when the deadline of closing is over", async () => {
    const server = start();
    const address = await server.listen("127.0.0.1", 0);
    const answer = waiting(address).then(
      async (response) => response.json(),
      () => "cut off",
    );
    await vi.waitFor(() => expect(server.log.lines).toEqual(["info waiting"]), patience);
    await server.close(50);
    await vi.waitFor(() => expect(server.calls).toHaveLength(1), patience);
    expect(await answer).toBe("cut off");
  });

  it("lets a running request finish while it closes", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let entered = false;
    const server = start({
      plugins: [
        async (scope) =>
          void scope.get("/slow", async () => {
            entered = true;
            await gate;
            return { done: true };
          }),
      ],
    });
    const address = await server.listen("127.0.0.1", 0);
    const answer = fetch(`${address}/slow`).then((response) => response.json());
    await vi.waitFor(() => expect(entered).toBe(true), patience);
    const closing = server.close(60_000);
    release();
    expect(await answer).toEqual({ done: true });
    await closing;
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });

  it("answers what comes over an open connection while it closes, and closes that", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let closes = false;
    const busy: FastifyPluginAsync = async (scope) =>
      void scope.addHook("preClose", () => {
        closes = true;
        return gate;
      });
    const server = start({ plugins: [busy] });
    const address = new URL(await server.listen("127.0.0.1", 0));
    const socket = connect(Number(address.port), "127.0.0.1");
    const answers: string[] = [];
    socket.setEncoding("utf8").on("data", (part: string) => answers.push(part));
    const ask = () => socket.write(`GET /healthz HTTP/1.1\r\nhost: ${address.host}\r\n\r\n`);
    ask();
    await vi.waitFor(() => expect(answers).toHaveLength(1), patience);
    const closing = server.close(60_000);
    await vi.waitFor(() => expect(closes).toBe(true), patience);
    ask();
    await once(socket, "close");
    release();
    await closing;
    expect(answers.map((answer) => answer.slice(0, 12))).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
    expect(answers[1]).toMatch(/^connection: close/im);
  });

  it("answers whoever had connected before it closes", async () => {
    const server = start();
    const address = new URL(await server.listen("127.0.0.1", 0));
    const answers = askWhileBlocked(Number(address.port), 20);
    await server.close(60_000);
    expect(await answers).toEqual(Array(20).fill("HTTP/1.1 200"));
  });

  it("aborts an action whose client has gone", async () => {
    const server = start();
    const address = await server.listen("127.0.0.1", 0);
    const client = new AbortController();
    const answer = waiting(address, client.signal).catch(() => "gone");
    await vi.waitFor(() => expect(server.log.lines).toEqual(["info waiting"]), patience);
    client.abort();
    expect(await answer).toBe("gone");
    await vi.waitFor(() => expect(server.calls).toMatchObject([{ outcome: "success" }]), patience);
  });

  it("tells a client over a socket that its body is too long", async () => {
    const server = start();
    const address = await server.listen("127.0.0.1", 0);
    const response = await fetch(`${address}/api/run/messages/list`, {
      method: "POST",
      headers: json,
      body: `{"args":{}}${" ".repeat(17 * 2 ** 20)}`,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "BodyTooLarge" });
  });
});

/**
 * Connects `count` times, and asks for `/healthz`, from another thread while this one stands still: to the server all come at once.
 * @returns the beginning of each answer, or what there was in its place; after the connections were made
 */
function askWhileBlocked(port: number, count: number): Promise<string[]> {
  const connected = new Int32Array(new SharedArrayBuffer(4));
  const client = new Worker(askers, { eval: true, workerData: { port, count, connected } });
  const answers = once(client, "message").then(([all]) => all as string[]);
  const patient = Atomics.wait(connected, 0, 0, patience.timeout);
  expect(patient).not.toBe("timed-out");
  return answers;
}

const askers = `
const { connect } = require("node:net");
const { parentPort, workerData: { port, count, connected } } = require("node:worker_threads");
let waiting = count;
const ask = () => new Promise((resolve) => {
  let answer = "";
  const socket = connect(port, "127.0.0.1", () => {
    socket.write("GET /healthz HTTP/1.1\\r\\nhost: a.test\\r\\nconnection: close\\r\\n\\r\\n");
    if (--waiting > 0) return;
    Atomics.store(connected, 0, 1);
    Atomics.notify(connected, 0);
  });
  socket.on("data", (part) => { answer += part; });
  socket.on("error", (error) => resolve(error.code));
  socket.on("close", () => resolve(answer.slice(0, 12)));
});
Promise.all(Array.from({ length: count }, ask)).then((all) => parentPort.postMessage(all));
`;
