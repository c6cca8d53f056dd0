import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeTime } from "../../../test/support/patience.ts";
import { silentLog } from "../../core/log.ts";
import { ComposeFailure, compose } from "./composer.ts";
import type { ComposeJob } from "./protocol.ts";

takeTime();

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "composer-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const job = (): ComposeJob => ({
  ...{ captureDir: dir, output: path.join(dir, "out.mp4"), layout: "grid", quality: "720p" },
  ...{ audioOnly: false, composer: "node-av", threads: 0 },
});

/** A child that writes a part of a file and then does `then` with its job. */
async function child(then: string): Promise<string> {
  const entry = path.join(dir, "child.mjs");
  const head = `import fs from "node:fs";
process.on("disconnect", () => process.exit(1));
process.on("message", (job) => { fs.writeFileSync(job.output + ".part", "half"); ${then} });`;
  await writeFile(entry, head);
  return entry;
}

async function failureOf(then: string, options: object = {}): Promise<ComposeFailure> {
  const entry = await child(then);
  const failure = await compose(job(), { entry, log: silentLog, ...options }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(ComposeFailure);
  expect((await readdir(dir)).filter((name) => name.startsWith("out"))).toEqual([]);
  return failure;
}

describe("compose", () => {
  it("resolves with what was probed and passes progress on", async () => {
    const entry = await child(`process.send({ type: "progress", done: 0.5, etaMs: 10 });
      process.send({ type: "finished", probe: { durationMs: 7 }, skipped: [{ trackId: "t", reason: "x" }] }, () => process.exit(0));`);
    const seen: number[] = [];
    const onProgress = ({ done }: { done: number }) => seen.push(done);
    const probe = await compose(job(), { entry, log: silentLog, onProgress });
    expect(probe).toEqual({ durationMs: 7, skipped: [{ trackId: "t", reason: "x" }] });
    expect(seen).toEqual([0.5]);
  });

  it("tells what the child refused", async () => {
    const failure = await failureOf(
      `process.send({ type: "failed", reason: "no_media", retryable: false }, () => process.exit(0));`,
    );
    expect(failure).toMatchObject({ reason: "no_media", retryable: false });
  });

  it.each([
    ["process.kill(process.pid, 'SIGSEGV')", "SIGSEGV"],
    ["process.kill(process.pid, 'SIGKILL')", "SIGKILL"],
    ["process.exit(3)", "exit code 3"],
    ["throw new Error('no memory')", "no memory"],
    ["process.exit(0)", "exit code 0"],
  ])("takes %s for a crash worth another attempt", async (then, said) => {
    const failure = await failureOf(then);
    expect(failure.retryable).toBe(true);
    expect(failure.reason).toContain("crashed");
    expect(failure.reason).toContain(said);
  });

  it("kills a child that hangs", async () => {
    const failure = await failureOf("setInterval(() => {}, 1000)", { hungAfterMs: 300 });
    expect(failure).toMatchObject({ reason: "hung", retryable: true });
  });

  it("kills the child on abort, and starts none when aborted before", async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const then = `process.send({ type: "progress", done: 0, etaMs: 0 }); setInterval(() => {}, 1000)`;
    const failure = await failureOf(then, { signal: controller.signal, onProgress });
    expect(failure).toMatchObject({ reason: "aborted", retryable: true });
    const again = { entry: "/nowhere.js", log: silentLog, signal: controller.signal };
    await expect(compose(job(), again)).rejects.toThrow("aborted");
  });

  it("fails when there is no program", async () => {
    const entry = path.join(dir, "missing.mjs");
    await expect(compose(job(), { entry, log: silentLog })).rejects.toThrow("crashed");
  });
});
