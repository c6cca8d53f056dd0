import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { TlsPair } from "../../src/http/tls.ts";
import { takeTime } from "../support/patience.ts";
import { signIn } from "./support/person.ts";
import { recordedFile } from "./support/recorded.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { isToldLive } from "./support/toldLive.ts";
import { until } from "./support/until.ts";

takeTime();

const [first, second] = inject("certificates");

let site: Site;
let server: ServerProcess;
let files: { cert: string; key: string };

beforeAll(async () => {
  site = await openSite();
  const folder = path.dirname(site.dataDir);
  files = { cert: path.join(folder, "cert.pem"), key: path.join(folder, "key.pem") };
  await install(first);
  server = await site.start({ CONNVO_TLS_CERT: files.cert, CONNVO_TLS_KEY: files.key });
});

afterAll(() => site.close());

async function install({ cert, key }: TlsPair): Promise<void> {
  await writeFile(files.cert, cert);
  await writeFile(files.key, key, { mode: 0o600 });
}

const fingerprintOf = ({ cert }: TlsPair) => new X509Certificate(cert).fingerprint256;

interface Seen {
  status: number | undefined;
  fingerprint: string;
  localPort: number | undefined;
}

/** `GET /healthz`, and what the connection it came over looks like. */
function probe(agent: Agent): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/healthz`, { agent }, (answer) => {
      const socket = answer.socket as TLSSocket;
      const { fingerprint256: fingerprint } = socket.getPeerCertificate();
      const { localPort } = socket;
      answer.resume().on("end", () => {
        resolve({ status: answer.statusCode, fingerprint, localPort });
      });
    });
    sent.on("error", reject).end();
  });
}

describe("a server with a certificate", () => {
  it("says where it is, and speaks to nobody without TLS", async () => {
    expect(server.url).toMatch(/^https:/);
    expect(server.output()).toMatch(/"url":"https:\/\/127\.0\.0\.1:\d+".*"msg":"ready"/);
    await expect(fetch(server.url.replace("https:", "http:"))).rejects.toThrow();
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(200);
    // An address is no name that could be pinned.
    expect(answer.headers.get("strict-transport-security")).toBeNull();
  });

  it("carries a meeting from the sign-in to the file, with the official client", async () => {
    const host = await signIn(server.url, "host");
    const file = await recordedFile(server.url, host);
    expect(file.startsWith(`${server.url}/recordings/`)).toBe(true);
    const headers = { authorization: `Bearer ${host.token}` };
    const whole = await fetch(file, { headers });
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(bytes.length).toBe(Number(whole.headers.get("content-length")));
    const part = await fetch(file, { headers: { ...headers, range: "bytes=100-299" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 100-299/${bytes.length}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(100, 300));
  });

  it("carries live queries, and what they are told of", async () => {
    await isToldLive(server.url, await signIn(server.url, "Told"));
  });

  it.each([
    ["its own page", {}, 200],
    ["a page of this origin", { origin: "own" }, 200],
    ["a page of http", { origin: "http" }, 403],
    ["a rebound name", { host: "attacker.example" }, 403],
    ["a proxy", { "x-forwarded-proto": "https" }, 403],
  ])("signs in %s as without TLS", async (_who, headers: Record<string, string>, status) => {
    const origins: Record<string, string> = {
      own: server.url,
      http: server.url.replace("https:", "http:"),
    };
    const origin = origins[headers["origin"] ?? ""];
    const sent = { ...headers, ...(origin === undefined ? {} : { origin }) };
    expect(await signInStatus(sent)).toBe(status);
  });

  it("takes a new certificate on SIGHUP, and keeps the connections it has", async () => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = await probe(kept);
    expect(before.fingerprint).toBe(fingerprintOf(first));
    await install(second);
    server.process.kill("SIGHUP");
    await until("new connections see it", 60_000, async () => {
      const { fingerprint } = await probe(new Agent({ maxCachedSessions: 0 }));
      return fingerprint === fingerprintOf(second);
    });
    const after = await probe(kept);
    expect(after).toEqual(before);
    kept.destroy();
  });

  it("takes one without being told, and none that does not fit its key", async () => {
    const before = server.output().length;
    await writeFile(files.cert, first.cert);
    server.process.kill("SIGHUP");
    await until("it says why not", 60_000, () => {
      return server.output().includes("CONNVO_TLS_KEY is not", before);
    });
    const seen = await probe(new Agent({ maxCachedSessions: 0 }));
    expect(seen).toMatchObject({ status: 200, fingerprint: fingerprintOf(second) });
    await writeFile(files.key, first.key);
    await until("it has the key as well", 60_000, async () => {
      const { fingerprint } = await probe(new Agent({ maxCachedSessions: 0 }));
      return fingerprint === fingerprintOf(first);
    });
  });
});

describe("a server does not start", () => {
  it.each([
    ["with half a pair", () => ({ CONNVO_TLS_CERT: files.cert }), /go together/],
    [
      "with a file that is not there",
      () => ({ CONNVO_TLS_CERT: "/nowhere/cert.pem", CONNVO_TLS_KEY: files.key }),
      /CONNVO_TLS_CERT cannot be read/,
    ],
    [
      "with the two files swapped, and quotes neither",
      () => ({ CONNVO_TLS_CERT: files.key, CONNVO_TLS_KEY: files.cert }),
      /exited with 78:\s+connvo: Configuration: CONNVO_TLS_CERT must name a file with a certificate/,
    ],
  ])("%s", async (_what, env, message) => {
    const other = await openSite();
    const failed: unknown = await other.start(env()).catch((error: unknown) => error);
    await other.close();
    expect(String(failed)).toMatch(message);
    expect(String(failed)).toContain("exited with 78");
    expect(String(failed)).not.toContain("PRIVATE");
  });
});

/** What a sign-in with these headers is answered. `fetch` would not send a Host of ours. */
function signInStatus(headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}/auth/local/token`,
      {
        method: "POST",
        agent: false,
        servername: "localhost",
        headers: { ...headers, "content-type": "application/json" },
      },
      (answer) => answer.resume().on("end", () => resolve(answer.statusCode)),
    );
    sent.on("error", reject).end('{"name":"guest"}');
  });
}
