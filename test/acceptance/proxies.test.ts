import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeTime } from "../support/patience.ts";
import { isInstalled } from "../support/programs.ts";
import { type Person, signIn } from "./support/person.ts";
import { type ProxyProgram, type RunningProxy, startProxy } from "./support/proxy.ts";
import { recordedFile } from "./support/recorded.ts";
import { adminKey, freePort } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { isToldLive } from "./support/toldLive.ts";

takeTime();

/** Without the proxy the suite is reported as not run, which in CI is a failure. */
describe.each<ProxyProgram>(["nginx", "caddy"])("behind %s", (program) => {
  if (isInstalled(program)) return suite(program);
  const notRun = `NOT RUN: behind ${program}, which is not installed`;
  process.stderr.write(`${notRun}\n`);
  it(notRun, () => {
    if (process.env["CI"] === "true") throw new Error(`CI must have ${program}`);
  });
});

function suite(program: ProxyProgram): void {
  let site: Site;
  let port: number;
  let proxy: RunningProxy;
  let host: Person;

  beforeAll(async () => {
    site = await openSite();
    port = await freePort();
    proxy = await startProxy(program, [port]);
  });

  afterAll(async () => {
    await proxy?.stop();
    await site.close();
  });

  it("the built-in sign-in serves nobody, since behind a proxy everybody looks local", async () => {
    const server = await site.start({ CONNVO_PUBLIC_URL: proxy.url }, port);
    await expect(signIn(proxy.url, "stranger")).rejects.toThrow(/403.*proxy/);
    await server.stop();
  });

  it("serves where that is meant, and the pages of the same origin", async () => {
    const env = { CONNVO_PUBLIC_URL: proxy.url, CONNVO_LOCAL_AUTH_ANYWHERE: "1" };
    await site.start(env, port);
    host = await signIn(proxy.url, "host");
    const fromPage = await askToken({ origin: proxy.url });
    expect(fromPage.status).toBe(200);
    expect((await askToken({ origin: "https://attacker.example" })).status).toBe(403);
    const page = await fetch(proxy.url);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
  });

  it("carries live queries, and what they are told of", async () => {
    await isToldLive(proxy.url, host);
  });

  it("carries a meeting from WHIP to the file, in ranges", async () => {
    const file = await recordedFile(proxy.url, host);
    expect(file.startsWith(`${proxy.url}/recordings/`)).toBe(true);
    const headers = { authorization: `Bearer ${host.token}` };
    const whole = await fetch(file, { headers });
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(bytes.length).toBe(Number(whole.headers.get("content-length")));
    expect(whole.headers.get("accept-ranges")).toBe("bytes");
    const part = await fetch(file, { headers: { ...headers, range: "bytes=-500" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(
      `bytes ${bytes.length - 500}-${bytes.length - 1}/${bytes.length}`,
    );
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(-500));
    const etag = whole.headers.get("etag") ?? "";
    const same = await fetch(file, { headers: { ...headers, "if-none-match": etag } });
    expect(same.status).toBe(304);
  });

  it("lets the longest call through, and leaves refusing a longer one to the server", async () => {
    const answer = await callWith("x".repeat(250 * 1024));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "error" });
    expect((await callWith("x".repeat(260 * 1024))).status).toBe(413);
    expect((await callWith("x".repeat(2 * 2 ** 20))).status).not.toBe(200);
  });

  it("shows the metrics to the operator only", async () => {
    expect((await fetch(`${proxy.url}/metrics`)).status).toBe(401);
    const headers = { authorization: `Convex ${adminKey}` };
    expect((await fetch(`${proxy.url}/metrics`, { headers })).status).toBe(200);
  });

  const askToken = (headers: Record<string, string>) =>
    fetch(`${proxy.url}/auth/local/token`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: '{"name":"guest"}',
    });

  /** A call with an argument that does not belong there. */
  const callWith = (text: string) =>
    fetch(`${proxy.url}/api/run/users/queries/getCurrentUser`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${host.token}` },
      body: JSON.stringify({ args: { text } }),
    });
}
