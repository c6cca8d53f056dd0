import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { expect, test } from "vitest";
import { scratchFolder } from "../../../../test/support/evidence/scratchFolder.ts";
import { systemClock } from "../../../core/clock.ts";
import { ControlClient } from "./client.ts";
import { healthOf } from "./processHost.ts";

test("a room process that takes seconds to answer is there", async () => {
  const socketPath = path.join(await scratchFolder("connvo-health-"), "control.sock");
  const server = createServer((_request, response) => {
    setTimeout(() => response.end('{"pid":1}'), 2_000);
  });
  await once(server.listen(socketPath), "listening");
  const client = new ControlClient(socketPath, systemClock);
  expect(await healthOf(client)).toEqual({ pid: 1 });
  client.close();
  server.close();
});

test("one that is not there is not waited for", async () => {
  const client = new ControlClient(
    path.join(await scratchFolder("connvo-health-"), "none.sock"),
    systemClock,
  );
  expect(await healthOf(client)).toBeUndefined();
  client.close();
});
