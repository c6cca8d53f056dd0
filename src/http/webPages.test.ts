import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { webPages } from "./webPages.ts";

const document = '<meta name="connvo-sign-in" content="name" /><title>Connvo</title>';

let folder: string;
let app: FastifyInstance;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-pages-"));
  await mkdir(path.join(folder, "assets"));
  await mkdir(path.join(folder, "embed"));
  await writeFile(path.join(folder, "embed", "connvo-meeting.js"), "element");
  await writeFile(path.join(folder, "index.html"), document);
  for (const name of ["a-1.js", "a-1.js.br", "a-1.js.gz", "a-1.js.map"])
    await writeFile(path.join(folder, "assets", name), name);
  app = await serve(true);
});

afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

async function serve(localAuth: boolean): Promise<FastifyInstance> {
  const server = Fastify();
  const pages: FastifyPluginAsync = (scope) => webPages(scope, { folder, localAuth });
  await server.register(pages);
  return server;
}

it.each([
  "/",
  "/meet/meeting_1",
  "/meetings/meeting_1",
  "/invite/abc",
  "/watch/recording_1",
  "/profile",
  "/welcome",
  "/webhooks",
  "/match",
  "/search",
])("%s is the document, asked for again each time, with a policy", async (url) => {
  const { statusCode, headers, body } = await app.inject(url);
  expect([statusCode, body]).toEqual([200, document]);
  expect(headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(headers["cache-control"]).toBe("no-cache");
  expect(headers["content-security-policy"]).toContain("script-src 'self'");
});

it("the document says how people sign in where the server does not do it", async () => {
  const elsewhere = await serve(false);
  const { body } = await elsewhere.inject("/");
  await elsewhere.close();
  expect(body).toContain('<meta name="connvo-sign-in" content="token" />');
});

it("an asset is kept for ever, and sent as it was compressed", async () => {
  const accept = (encoding: string) =>
    app.inject({ url: "/assets/a-1.js", headers: { "accept-encoding": encoding } });
  const brotli = await accept("gzip, br");
  expect(brotli.headers["content-encoding"]).toBe("br");
  expect(brotli.headers["cache-control"]).toContain("immutable");
  expect((await accept("gzip")).headers["content-encoding"]).toBe("gzip");
  expect((await accept("identity")).body).toBe("a-1.js");
});

it("the embedded meeting is for pages of any origin, and never out of date", async () => {
  const { headers, body } = await app.inject("/embed/connvo-meeting.js");
  expect(body).toBe("element");
  expect(headers).toMatchObject({
    "cache-control": "no-cache",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
});

it.each(["/assets/a-1.js.map", "/assets/none.js", "/assets/../secret", "/elsewhere"])(
  "%s is not there",
  async (url) => {
    expect((await app.inject(url)).statusCode).toBe(404);
  },
);

it("a mistyped address is told by a page to people, and by nothing but the status to programs", async () => {
  const asBrowser = await app.inject({ url: "/mete/x", headers: { accept: "text/html,*/*" } });
  expect(asBrowser.statusCode).toBe(404);
  expect(asBrowser.headers["content-type"]).toContain("text/html");
  expect(asBrowser.body).toContain("connvo-sign-in");
  const asProgram = await app.inject({ url: "/mete/x", headers: { accept: "*/*" } });
  expect([asProgram.statusCode, asProgram.body]).toEqual([404, ""]);
});
