import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { webPages } from "./webPages.ts";

let folder: string;
let app: FastifyInstance;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-pages-"));
  await mkdir(path.join(folder, "assets"));
  await writeFile(path.join(folder, "index.html"), "<title>Connvo</title>");
  for (const name of ["a-1.js", "a-1.js.br", "a-1.js.gz", "a-1.js.map"])
    await writeFile(path.join(folder, "assets", name), name);
  app = Fastify();
  const pages: FastifyPluginAsync = (scope) => webPages(scope, { folder });
  await app.register(pages);
});

afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

it.each(["/", "/meet/meeting_1", "/invite/abc", "/watch/recording_1"])(
  "%s is the document, asked for again each time, with a policy",
  async (url) => {
    const { statusCode, headers, body } = await app.inject(url);
    expect([statusCode, body]).toEqual([200, "<title>Connvo</title>"]);
    expect(headers["cache-control"]).toBe("no-cache");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
  },
);

it("an asset is kept for ever, and sent as it was compressed", async () => {
  const accept = (encoding: string) =>
    app.inject({ url: "/assets/a-1.js", headers: { "accept-encoding": encoding } });
  const brotli = await accept("gzip, br");
  expect(brotli.headers["content-encoding"]).toBe("br");
  expect(brotli.headers["cache-control"]).toContain("immutable");
  expect((await accept("gzip")).headers["content-encoding"]).toBe("gzip");
  expect((await accept("identity")).body).toBe("a-1.js");
});

it.each(["/assets/a-1.js.map", "/assets/none.js", "/assets/../secret", "/elsewhere"])(
  "%s is not there",
  async (url) => {
    expect((await app.inject(url)).statusCode).toBe(404);
  },
);
