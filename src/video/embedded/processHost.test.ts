import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { ControlClient } from "./client.ts";
import { healthOf } from "./processHost.ts";

let folder: string;
let socketPath: string;
let client: ControlClient;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-health-"));
  socketPath = path.join(folder, "control.sock");
  client = new ControlClient(socketPath, systemClock);
});
afterEach(async () => {
  client.close();
  await rm(folder, { recursive: true, force: true });
});

test("a room process that takes seconds to answer is there", async () => {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end('{"pid":1}'), 2_000);
  });
  await once(server.listen(socketPath), "listening");
  expect(await healthOf(client)).toEqual({ pid: 1 });
  server.close();
});

test("one that is not there is not waited for", async () => {
  expect(await healthOf(client)).toBeUndefined();
});
