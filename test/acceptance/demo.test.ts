import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, inject, it, vi } from "vitest";
import { keepOutput } from "../support/evidence/processOutput.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { patience, takeTime } from "../support/patience.ts";
import { processesOf } from "./support/processes.ts";

takeTime();

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await scratchFolder("connvo-demo-test-");
  dataDir = path.join(folder, "data");
});

/** A room process that was told to leave is gone a moment after its server. */
const nothingRuns = () =>
  vi.waitFor(async () => expect(await processesOf(dataDir)).toEqual([]), patience);

/** The built demo with a server of its own in the test's folder. */
function startDemo(...args: string[]) {
  const program = path.join(path.dirname(inject("serverProgram")), "demo.js");
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      CONNVO_DATA_DIR: dataDir,
      CONNVO_DISK_RESERVE_BYTES: "1000000",
      CONNVO_DISK_FLOOR_BYTES: "500000",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = keepOutput("demo", child);
  const exited = once(child, "close").then(([code]) => code as number | null);
  return { child, exited, output };
}

it("records a meeting, saves the file, tells what it is, and leaves nothing running", async () => {
  const demo = startDemo("--seconds", "3", "--quality", "360p", "--codec", "h264");
  expect(await demo.exited, demo.output()).toBe(0);
  const [file = ""] = await readdir(path.join(folder, "connvo-demo"));
  expect(file).toMatch(/^recording_[0-9a-z]{26}\.mp4$/);
  const saved = await readFile(path.join(folder, "connvo-demo", file));
  expect(saved.toString("latin1", 4, 8)).toBe("ftyp");
  for (const fact of [
    "Alice, Bob",
    `Size         ${(saved.length / 1e6).toFixed(2)} MB (${saved.length} bytes)`,
    "Video        h264, 640x360, 30 fps",
    "Audio        aac, 48 kHz",
  ])
    expect(demo.output()).toContain(fact);
  await nothingRuns();
});

it("an interrupted demo stops what it started", async () => {
  const demo = startDemo("--seconds", "600", "--participants", "1");
  await vi.waitFor(() => expect(demo.output()).toContain("Recording      0%"), patience);
  demo.child.kill("SIGINT");
  expect(await demo.exited, demo.output()).toBe(130);
  await nothingRuns();
});

it("says what is wrong when there is no server at --url", async () => {
  const demo = startDemo("--url", "http://127.0.0.1:1");
  expect(await demo.exited).toBe(1);
  expect(demo.output().trim()).toBe("No server answers at http://127.0.0.1:1");
});

it("tells the whole story with Stream's cloud, without an account", async () => {
  const demo = startDemo("--video", "getstream", "--seconds", "2", "--quality", "360p");
  expect(await demo.exited, demo.output()).toBe(0);
  const [file = ""] = await readdir(path.join(folder, "connvo-demo"));
  const saved = await readFile(path.join(folder, "connvo-demo", file));
  expect(saved.toString("latin1", 4, 8)).toBe("ftyp");
  for (const fact of [
    "call.recording_started: 200",
    "call.recording_ready: 200",
    `(${saved.length} bytes)`,
    "Video        h264, 640x360, 30 fps, 60 frames",
    "Audio        aac, 48 kHz",
  ])
    expect(demo.output()).toContain(fact);
  await nothingRuns();
});
