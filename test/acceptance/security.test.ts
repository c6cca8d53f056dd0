import { readdir, stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { listenersOf } from "./support/listeners.ts";
import {
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
  stream,
  userIdOf,
} from "./support/meetings.ts";
import { type Person, personWith, refusalOf, signIn } from "./support/person.ts";
import { mediaOf, publish, roomToken, whipUrl } from "./support/publishing.ts";
import { rawRequest } from "./support/rawRequest.ts";
import { adminKey, type ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;
let server: ServerProcess;
let host: Person;
let meetingId: string;
/** Everything handed out that must never be in a log. */
const secrets: string[] = [adminKey];

beforeAll(async () => {
  site = await openSite();
  server = await site.start({ CONNVO_LOG_LEVEL: "debug" });
  host = await signIn(server.url, "host");
  secrets.push(host.token);
  meetingId = await startedMeeting(host);
});

afterAll(() => site.close());

const json = { "content-type": "application/json" };
const signInRequest = { method: "POST", headers: json, body: '{"name":"mallory"}' };

const askToken = (headers: Record<string, string>) =>
  rawRequest(server.url, "/auth/local/token", {
    ...signInRequest,
    headers: { ...json, ...headers },
  });

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The claims of a token, under another header and without a signature. */
function forged(token: string, header: object, signature = ""): string {
  return `${encoded(header)}.${token.split(".")[1]}.${signature}`;
}

async function callWith(token: string) {
  const response = await fetch(`${server.url}/api/run/users/queries/getCurrentUser`, {
    method: "POST",
    headers: { ...json, authorization: `Bearer ${token}` },
    body: '{"args":{}}',
  });
  return response.status;
}

const offer = (url: string, token: string, body = "v=0\r\n") =>
  fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
    body,
  });

/** What the room process says of itself in the metrics. */
async function roomGauge(measure: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^connvo_rooms{measure="${measure}"} (\\d+)`, "m").exec(text)?.[1]);
}

describe("the built-in sign-in", () => {
  it("serves this machine under its own name", async () => {
    const { port } = new URL(server.url);
    for (const name of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      const answer = await askToken({ host: name });
      expect(answer.status).toBe(200);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      secrets.push((JSON.parse(answer.text) as { token: string }).token);
    }
  });

  it.each([
    ["a rebound name", { host: "attacker.example" }],
    ["a name that begins like ours", { host: "localhost.attacker.example" }],
    ["the page of another origin", { origin: "https://attacker.example" }],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }],
    ["a sandboxed page", { origin: "null" }],
    ["a cross-site fetch", { "sec-fetch-site": "cross-site" }],
    ["a same-site sibling", { "sec-fetch-site": "same-site" }],
    ["a forwarding proxy", { "x-forwarded-for": "203.0.113.7" }],
    ["a proxy of the standard", { forwarded: "for=203.0.113.7" }],
    ["a proxy that only names itself", { via: "1.1 proxy" }],
  ])("refuses %s", async (_what, headers: Record<string, string>) => {
    const answer = await askToken(headers);
    expect(answer.status).toBe(403);
    expect(answer.text).not.toContain('token":');
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("refuses what a page could send without a preflight, and grants no preflight", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      const answer = await askToken({ "content-type": type });
      expect(answer.status).toBe(415);
    }
    const preflight = await rawRequest(server.url, "/auth/local/token", {
      method: "OPTIONS",
      headers: { origin: "https://attacker.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(405);
    expect(preflight.headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("keeps its rebound names out of the keys too", async () => {
    const answer = await rawRequest(server.url, "/auth/local/jwks.json", {
      headers: { host: "attacker.example" },
    });
    expect(answer.status).toBe(403);
  });

  it("refuses to run beyond loopback unless that is said aloud", async () => {
    const other = await openSite();
    await expect(other.start({ HOST: "0.0.0.0" })).rejects.toThrow("CONNVO_LOCAL_AUTH_ANYWHERE=1");
    await other.close();
  });
});

describe("a token", () => {
  it("without a signature or with another algorithm is refused", async () => {
    const [head = "", , signature = ""] = host.token.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url").toString()) as object;
    const forgeries = [
      forged(host.token, { ...header, alg: "none" }),
      forged(host.token, { alg: "none" }),
      forged(host.token, { ...header, alg: "HS256" }, signature),
      forged(host.token, { ...header, jku: `${server.url}/auth/local/jwks.json` }, signature),
      `${host.token.slice(0, -4)}AAAA`,
    ];
    for (const token of forgeries) expect(await callWith(token)).toBe(401);
    expect(await callWith(host.token)).toBe(200);
  });

  it("for a room is no token for the API, nor the other way round", async () => {
    const room = await roomToken(host, meetingId);
    secrets.push(room);
    expect(await callWith(room)).toBe(401);
    const url = await whipUrl(server.url, host, meetingId);
    expect((await offer(url, host.token)).status).toBe(401);
    expect((await offer(url, adminKey)).status).toBe(401);
    expect((await fetch(url, { method: "POST", body: "v=0" })).status).not.toBe(201);
    const files = `${server.url}/recordings/recording_${"0".repeat(26)}.mp4`;
    expect((await fetch(files, { headers: { authorization: `Bearer ${room}` } })).status).toBe(401);
  });

  it("for one room opens no other", async () => {
    const other = await startedMeeting(host);
    const url = await whipUrl(server.url, host, other);
    expect((await offer(url, await roomToken(host, meetingId))).status).toBe(401);
  });

  it("of a removed participant opens the room no more, and their media ends at once", async () => {
    const guest = await signIn(server.url, "guest");
    await invite(host, guest, meetingId);
    const token = await roomToken(guest, meetingId);
    const url = await whipUrl(server.url, guest, meetingId);
    secrets.push(guest.token, token);
    const publisher = await publish(server.url, guest, meetingId, {
      token,
      media: await mediaOf(1),
    });
    await until(
      "the room hears the guest",
      60_000,
      async () => (await roomGauge("publishers")) === 1,
    );
    await until(
      "the guest hears the room",
      60_000,
      () => publisher.stats.bitrateLimit !== undefined,
    );
    const userId = await userIdOf(guest);
    await host.mutation("meetings/lifecycle:removeParticipant", { meetingId, userId });
    expect(await roomGauge("publishers")).toBe(0);
    await until("the guest knows", 60_000, () => publisher.state === "failed");
    await publisher.close();
    const again = publish(server.url, host, meetingId, { url, token, media: await mediaOf(1) });
    await expect(again).rejects.toThrow();
    expect(await refusalOf(roomToken(guest, meetingId))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("of an observer does not publish", async () => {
    const observer = await signIn(server.url, "observer");
    await invite(host, observer, meetingId, "observer");
    const publishing = publish(server.url, observer, meetingId, { media: await mediaOf(1) });
    await expect(publishing).rejects.toThrow();
  });
});

describe("requests that do not fit", () => {
  it.each([
    "/recordings/../../../../etc/passwd",
    "/recordings/..%2f..%2f..%2fetc%2fpasswd",
    "/recordings/%2e%2e/%2e%2e/secrets",
    "/recordings/recording_00000000000000000000000000/../../admin.key",
    "/recordings/recording_00000000000000000000000000%00.mp4",
    "/recordings/recording_00000000000000000000000000.mp4%2f..%2fx",
    "/recordings/recording_00000000000000000000000000/..%5c..%5crendition.mp4",
    "/recordings//etc/passwd",
    "/docs/../../../../etc/passwd",
    "/docs/static/..%2f..%2f..%2f..%2fpackage.json",
  ])("%s reaches no file", async (address) => {
    const answer = await rawRequest(server.url, address, {
      headers: { authorization: `Bearer ${host.token}` },
    });
    expect([400, 404]).toContain(answer.status);
    expect(answer.text).not.toMatch(/root:|devDependencies/);
  });

  it("an offer beyond 64 KB is 413 before anything is done with it", async () => {
    const url = await whipUrl(server.url, host, meetingId);
    const token = await roomToken(host, meetingId);
    expect((await offer(url, token, `v=0\r\n${"a=x\r\n".repeat(20_000)}`)).status).toBe(413);
    expect((await offer(url, token, "not SDP at all")).status).toBe(400);
  });

  it("bodies beyond their limits are refused, and the server goes on", async () => {
    const name = await rawRequest(server.url, "/auth/local/token", {
      ...signInRequest,
      body: JSON.stringify({ name: "x".repeat(10_000) }),
    });
    expect(name.status).toBe(413);
    const huge = await fetch(`${server.url}/api/run/users/queries/getCurrentUser`, {
      method: "POST",
      headers: json,
      body: `{"args":{"x":"${"x".repeat(40_000_000)}"}}`,
    }).then(
      ({ status }) => status,
      // The server may hang up while we still send.
      () => 413,
    );
    expect([400, 413]).toContain(huge);
    expect((await fetch(`${server.url}/healthz`)).ok).toBe(true);
  });
});

describe("/metrics", () => {
  const metrics = (headers: Record<string, string> = {}) =>
    rawRequest(server.url, "/metrics", { headers });

  it("is open to this machine and tells of calls, recordings, rooms and breakers", async () => {
    const { status, text } = await metrics();
    expect(status).toBe(200);
    for (const name of ["connvo_recordings", "connvo_rooms", "connvo_breaker_state"])
      expect(text).toContain(name);
    expect(text).toMatch(/fn="meetings\/lifecycle:startMeeting"/);
  });

  it("needs the administration key through a proxy", async () => {
    const proxied = { "x-forwarded-for": "203.0.113.7" };
    expect((await metrics(proxied)).status).toBe(401);
    const asUser = { ...proxied, authorization: `Bearer ${host.token}` };
    expect((await metrics(asUser)).status).toBe(401);
    const asAdmin = { ...proxied, authorization: `Convex ${adminKey}` };
    expect((await metrics(asAdmin)).status).toBe(200);
  });
});

describe("what is left lying about", () => {
  it("listens on loopback only, and for media on this machine's own addresses by name", async () => {
    const publisher = await publish(server.url, host, meetingId, { media: await mediaOf(0) });
    const pids = (await site.processes()).map(({ pid }) => pid);
    const listeners = await listenersOf(pids);
    await publisher.close();
    const at = (protocol: string) =>
      listeners.filter((one) => one.protocol === protocol).map(({ address }) => address);
    expect(at("tcp")).toEqual(["127.0.0.1"]);
    // Beyond loopback, packets of other machines are dropped: `localRelay.test.ts`.
    expect(at("udp")).toContain("127.0.0.1");
    const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    for (const address of at("udp")) expect(own.map((one) => one.address)).toContain(address);
  });

  it("lets nobody else read keys, captures and the database", async () => {
    const names = await readdir(site.dataDir, { recursive: true });
    expect(names.length).toBeGreaterThan(5);
    const open: string[] = [];
    for (const name of names) {
      const info = await stat(path.join(site.dataDir, name)).catch(() => undefined);
      const isSecret = /key|secret|token/i.test(path.basename(name)) && info?.isFile();
      if (isSecret && info && (info.mode & 0o077) !== 0) open.push(name);
    }
    expect(open).toEqual([]);
    for (const folder of ["postgres", "rooms"]) {
      const { mode } = await stat(path.join(site.dataDir, folder));
      expect(mode & 0o007).toBe(0);
    }
  });

  it("writes no secret into its log, at any level", async () => {
    const { recordingId } = await startRecording(host, meetingId);
    await stopRecording(host, meetingId);
    const { url } = await host.action<{ url: string }>("recordings/actions:createDownloadLink", {
      recordingId,
    });
    const { secret } = await host.mutation<{ secret: string }>("meetings/invites:createInvite", {
      meetingId,
    });
    const stranger = personWith(server.url, "stranger", host.token);
    await stranger.mutation("meetings/invites:acceptInvite", { secret });
    await refusalOf(host.mutation("meetings/invites:acceptInvite", { secret: `${secret}x` }));
    await fetch(url);
    await fetch(url.replace("signature=", "signature=x"));
    await callWith(host.token.slice(0, -2));
    await fetch(`${server.url}/api/run/${stream}/startRecording`, {
      method: "POST",
      headers: { ...json, authorization: `Convex ${adminKey}x` },
      body: '{"args":{}}',
    });
    const signature = new URL(url).searchParams.get("signature") ?? "";
    expect(signature.length).toBeGreaterThan(20);
    // All of it has been written, and read, once the server is gone.
    await server.stop();
    const log = server.output();
    expect(log).toContain("meetings/lifecycle:startMeeting");
    for (const hidden of [...secrets, secret, signature]) {
      expect(log.includes(hidden)).toBe(false);
      // Nor the part that matters of it.
      expect(log.includes(hidden.slice(-20))).toBe(false);
    }
  });
});
