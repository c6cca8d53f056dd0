import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type DownloadOptions, download, forgetPart } from "./download.ts";
import { outbound } from "./outbound.ts";

const content = Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * 7) % 251));
const etag = '"v1"';
let server: Server;
let folder: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let ranges: (string | undefined)[];

beforeAll(async () => {
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-download-"));
  ranges = [];
  answer = whole;
});
afterEach(() => rm(folder, { recursive: true }));

const whole = (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(200, { etag, "content-length": content.length }).end(content);
/** Breaks off after so many bytes, once they have been read. */
const broken = (bytes: number) => (request: IncomingMessage, response: ServerResponse) => {
  const from = Number(/\d+/.exec(request.headers.range ?? "0")?.[0]);
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    "content-length": content.length - from,
    ...(from > 0
      ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }
      : {}),
  });
  response.write(content.subarray(from, from + bytes));
};
const fileOf = () => path.join(folder, "file");
const fetchIt = (options: Partial<DownloadOptions> = {}) => {
  const { port } = server.address() as AddressInfo;
  const send = outbound({ silenceMs: 5_000, isAllowed: () => true });
  const url = new URL(`http://127.0.0.1:${port}/f`);
  return download(url, fileOf(), { send, maxBytes: 1e9, ...options });
};

/** A download that ends in the middle: when so much has come, the connection breaks. */
async function breakOff(bytes: number): Promise<void> {
  answer = broken(bytes);
  const onProgress = (done: number) => {
    if (done * content.length >= bytes) server.closeAllConnections();
  };
  await expect(fetchIt({ onProgress })).rejects.toMatchObject({ name: "BrokenDownloadError" });
}

test("a file comes as it is, and its progress is told", async () => {
  const told: number[] = [];
  await fetchIt({ onProgress: (done) => told.push(done) });
  expect(await readFile(fileOf())).toEqual(content);
  expect(told.at(-1)).toBe(1);
});

test("goes on where the connection broke, and asks for no byte twice", async () => {
  await breakOff(150_000);
  const { size } = await stat(fileOf());
  expect(size).toBeGreaterThan(0);
  answer = (request, response) => {
    broken(content.length)(request, response);
    response.end();
  };
  await fetchIt();
  expect(await readFile(fileOf())).toEqual(content);
  expect(ranges).toEqual([undefined, `bytes=${size}-`]);
});

test("begins anew when the sender has other content by now", async () => {
  await breakOff(150_000);
  answer = whole;
  await fetchIt();
  expect(await readFile(fileOf())).toEqual(content);
});

test("a part other than the one asked for is not taken", async () => {
  await breakOff(150_000);
  answer = (_, response) => {
    const headers = { etag, "content-range": `bytes 1-9/${content.length}`, "content-length": 9 };
    response.writeHead(206, headers).end("123456789");
  };
  await expect(fetchIt()).rejects.toThrow("another part");
});

test.each([401, 403, 404, 410])("a link answered with %i is refused", async (status) => {
  answer = (_, response) => response.writeHead(status).end("<html>");
  await expect(fetchIt()).rejects.toMatchObject({ name: "LinkRefusedError", status });
});

test.each([302, 500])("an answer with %i is an error", async (status) => {
  answer = (_, response) => response.writeHead(status, { location: "/elsewhere" }).end();
  await expect(fetchIt()).rejects.toThrow(String(status));
});

test("what is too large is refused before a byte is taken, also when its size is not said", async () => {
  await expect(fetchIt({ maxBytes: 1_000 })).rejects.toMatchObject({ name: "TooLargeError" });
  await expect(stat(fileOf())).rejects.toThrow("ENOENT");
  answer = (_, response) => response.writeHead(200).end(content);
  await expect(fetchIt({ maxBytes: 1_000 })).rejects.toMatchObject({ name: "TooLargeError" });
  expect((await stat(fileOf())).size).toBeLessThanOrEqual(1_000);
});

test("a file for which there is no room is not begun", async () => {
  const admit = async (bytes: number) => {
    throw new Error(`no room for ${bytes}`);
  };
  await expect(fetchIt({ admit })).rejects.toThrow(`no room for ${content.length}`);
  await expect(stat(fileOf())).rejects.toThrow("ENOENT");
});

test("nothing is left of a part that is forgotten", async () => {
  await breakOff(150_000);
  await forgetPart(fileOf());
  answer = whole;
  await fetchIt();
  expect(ranges).toEqual([undefined, undefined]);
});
