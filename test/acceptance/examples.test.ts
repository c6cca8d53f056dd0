import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keepOutput } from "../support/evidence/processOutput.ts";
import { takeTime } from "../support/patience.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";

takeTime();

let site: Site;
let server: ServerProcess;

beforeAll(async () => {
  site = await openSite();
  server = await site.start();
});

afterAll(() => site.close());

/** The example of Node as a process of its own. @returns exit code and all it wrote */
async function runExample(...args: string[]) {
  const program = path.resolve(import.meta.dirname, "../../examples/node/meeting.mjs");
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = keepOutput("example", child);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: output() };
}

it("the example of Node makes a meeting, records it, and tells how that goes on", async () => {
  const { code, output } = await runExample(server.url, "Example");
  expect(code, output).toBe(0);
  expect(output).toMatch(/^Made meeting_\w+$/m);
  expect(output).toMatch(/^Meeting is active$/m);
  expect(output).toMatch(/^Recording is recording$/m);
  expect(output).toMatch(/^Recording is failed$/m);
  expect(output).toMatch(/^No file: no_media$/m);
});

it("the example of Node says why it cannot sign in", async () => {
  const { code, output } = await runExample(server.url, " ");
  expect(code).toBe(1);
  expect(output).toContain("name");
});
