import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type ComposeFailure, compose } from "../../src/media/compose/composer.ts";
import { describeCapture, sealCapture } from "../../src/media/format/describe.ts";
import type { MediaLoop } from "../../src/synth/media/mediaLoop.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import { ManualClock } from "./support/captureClock.ts";
import { loop } from "./support/captureFixtures.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import {
  composeCapture,
  composeProgram,
  develop,
  exists,
  film,
  jobFor,
} from "./support/captureStudio.ts";

let media: MediaLoop[];

beforeAll(async () => {
  media = [await loop(0), await loop(1), await loop(2, { codec: "H264" })];
});

const folder = () => scratchFolder("connvo-media-");

function meeting(durationMs = 4000): CaptureScript {
  return {
    durationMs,
    publications: media.map((one, index) => ({
      ...{ participant: `p${index}`, media: one, fromMs: 0, toMs: durationMs, ending: "abrupt" },
    })),
  };
}

const files = async (dir: string, kind: string) =>
  (await readdir(dir)).filter((name) => name.includes(kind)).sort();

async function failureOf(work: Promise<unknown>): Promise<ComposeFailure> {
  return work.then(
    () => Promise.reject(new Error("it succeeded")),
    (error) => error,
  );
}

describe("a capture whose writer was killed", () => {
  // Cut anywhere: in the middle of a frame, of a header, of an event. The numbers are arbitrary but always the same.
  it.each([17, 211, 4099, 20_011])(
    "is composed although every file misses its last %d bytes",
    async (cut) => {
      const dir = path.join(await folder(), "capture");
      await buildCapture(dir, { ...meeting(), unsealed: true });
      for (const name of await readdir(dir)) {
        const { size } = await stat(path.join(dir, name));
        const missing = name === "events.jsonl" ? Math.min(cut, 700) : cut;
        await truncate(path.join(dir, name), Math.max(0, size - missing));
      }
      await sealCapture(dir, "recorder_died", new ManualClock());
      const { startedAt, stoppedAt, hasMedia } = await describeCapture(dir);
      expect(hasMedia).toBe(true);
      expect(stoppedAt - startedAt).toBeGreaterThan(2500);
      const probe = await composeCapture(dir);
      expect(probe.problems).toEqual([]);
      expect(Math.abs(probe.durationMs - (stoppedAt - startedAt))).toBeLessThanOrEqual(200);
      const seen = develop(jobFor(dir), probe, () => 3);
      expect([0, 1, 2].map((tile) => seen.mark(1500, tile).colour)).toEqual([0, 1, 2]);
    },
  );
});

describe("damaged tracks", () => {
  it("are left out or stepped over; the rest is composed", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, meeting());
    const [lost = "", noise = "", holed = ""] = await files(dir, "video");
    await rm(path.join(dir, lost));
    await writeFile(path.join(dir, noise), Buffer.alloc(50_000, 0x5a));
    await punch(path.join(dir, holed));
    const probe = await composeCapture(dir);
    expect(probe.problems).toEqual([]);
    const seen = develop(jobFor(dir), probe, () => 3);
    expect([0, 1].map((tile) => seen.mark(1500, tile).counter)).toEqual([undefined, undefined]);
    expect(seen.mark(500, 2).colour).toBe(2);
  });
});

/** Overwrites some bytes in the middle of a file. */
async function punch(file: string): Promise<void> {
  const handle = await open(file, "r+");
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(3000, 0xff), 0, 3000, Math.floor(size / 2));
  await handle.close();
}

describe("nothing to compose", () => {
  it("fails for good when nobody ever published", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, { durationMs: 3000, publications: [] });
    const failure = await failureOf(composeCapture(dir));
    expect(failure).toMatchObject({ reason: "no_media", retryable: false });
  });

  it("fails for good when the capture is gone or is none", async () => {
    const dir = await folder();
    const absent = await failureOf(composeCapture(path.join(dir, "nowhere")));
    expect(absent).toMatchObject({ reason: "capture_missing", retryable: false });
    await mkdir(path.join(dir, "empty"));
    await writeFile(path.join(dir, "empty", "events.jsonl"), "not json\n");
    const none = await failureOf(composeCapture(path.join(dir, "empty")));
    expect(none).toMatchObject({ reason: "capture_missing", retryable: false });
  });

  it("fails, worth another attempt, when the result cannot be written", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, meeting(1000));
    const job = { ...jobFor(dir), output: path.join(dir, "missing", "out.mp4") };
    const options = { entry: await composeProgram(), log: silentLog };
    expect(await failureOf(compose(job, options))).toMatchObject({ retryable: true });
  });
});

describe("an interrupted composition", () => {
  /** Composed for seconds, so that it is still under way when it is interrupted. */
  const longMs = 15_000;

  it("leaves nothing behind when it is aborted, and can be repeated", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, meeting(longMs));
    const controller = new AbortController();
    const job = jobFor(dir);
    const progress: number[] = [];
    const options = { entry: await composeProgram(), log: silentLog };
    const onProgress = ({ done }: { done: number }) => {
      progress.push(done);
      controller.abort();
    };
    const { signal } = controller;
    const failure = await failureOf(compose(job, { ...options, signal, onProgress }));
    expect(failure).toMatchObject({ reason: "aborted" });
    expect(progress[0]).toBeLessThan(1);
    expect(await files(path.dirname(job.output), "mp4")).toEqual([]);
    expect((await composeCapture(dir)).problems).toEqual([]);
    expect(await files(path.dirname(job.output), "mp4")).toEqual([path.basename(job.output)]);
  });

  it("ends with its parent", async () => {
    const dir = path.join(await folder(), "capture");
    await buildCapture(dir, meeting(longMs));
    const job = jobFor(dir);
    const child: ChildProcess = fork(await composeProgram(), [], { execArgv: [] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = once(child, "exit");
    child.send(job);
    await vi.waitFor(async () => expect(await exists(`${job.output}.part`)).toBe(true), 60_000);
    child.disconnect();
    expect(await ended).toEqual([1, null]);
    expect(await exists(job.output)).toBe(false);
  });
});

describe("names", () => {
  it("of any kind are drawn, never interpreted", async () => {
    const names = [
      'it\'s: a "test", [x]; \\ %{pts} %{localtime}',
      "a\nb\r\u0000\u001b[31m",
      "‮evil‬ שלום عربي",
      "🎉🎉 👩‍👩‍👧",
      "x".repeat(500),
      "../../../etc/passwd",
      "drawtext=text=hacked",
      "",
    ];
    const sources = await Promise.all(names.map(async (_, index) => loop(index)));
    const seen = await film(
      await folder(),
      {
        durationMs: 1000,
        publications: names.map((name, index) => ({
          ...{ participant: `p${index}`, name, fromMs: 0, toMs: 1000 },
          media: sources[index] ?? (sources[0] as MediaLoop),
        })),
      },
      { quality: "720p" },
    );
    expect(seen.probe.problems).toEqual([]);
    expect(names.map((_, tile) => seen.mark(500, tile).colour)).toEqual(
      names.map((_, index) => index),
    );
  });
});
