import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../../core/clock.ts";
import { ControlClient, Unreachable } from "./client.ts";

let dir: string;
let socketPath: string;
let server: Server;
let now: number;
/** Called with every wait of the client, which takes no time but moves the clock. */
let onSleep: (count: number) => Promise<unknown>;
let client: ControlClient;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "connvo-control-"));
  socketPath = join(dir, "control.sock");
  server = createServer((_request, response) => response.end('{"here":true}'));
  now = 0;
  onSleep = async () => undefined;
  let count = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      await onSleep(++count);
    },
  };
  client = new ControlClient(socketPath, clock);
});
afterEach(async () => {
  client.close();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

test("a process that is away for a moment is waited for", async () => {
  onSleep = async (count) => {
    if (count === 5) await once(server.listen(socketPath), "listening");
  };
  expect(await client.call("health", {})).toEqual({ here: true });
  expect(now).toBeGreaterThan(0);
});

test("one that stays away is not waited for longer than told", async () => {
  await expect(client.call("health", {}, { patienceMs: 700 })).rejects.toBeInstanceOf(Unreachable);
  expect(now).toBeGreaterThanOrEqual(700);
  expect(now).toBeLessThan(800);
});

test("without patience it is asked once", async () => {
  await expect(client.call("health", {}, { patienceMs: 0 })).rejects.toBeInstanceOf(Unreachable);
  expect(now).toBe(0);
});
