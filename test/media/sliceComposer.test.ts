import { readdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { runComposeTask } from "../../src/media/compose/composer.ts";
import type { ComposeTask } from "../../src/media/compose/protocol.ts";
import { SliceComposer } from "../../src/media/compose/sliceComposer.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import { loop } from "./support/captureFixtures.ts";
import { composeProgram, jobFor } from "./support/captureStudio.ts";

type Run = typeof runComposeTask;

const nameOf = (task: ComposeTask) => ("task" in task ? task.task : "one pass");

/** A capture of ten seconds and a composer whose tasks are noted; `through` may keep one from its child process. */
async function studio(through: (task: ComposeTask, count: number) => void = () => undefined) {
  const folder = await scratchFolder("connvo-media-");
  const captureDir = path.join(folder, "capture");
  const media = await loop(0);
  await buildCapture(captureDir, {
    durationMs: 10_000,
    publications: [{ participant: "a", media, fromMs: 0, toMs: 10_000 }],
  });
  const done: ComposeTask[] = [];
  const run: Run = async (task, options) => {
    through(task, done.length);
    const outcome = await runComposeTask(task, options);
    done.push(task);
    return outcome;
  };
  const entry = await composeProgram();
  const composer = new SliceComposer({ entry, log: silentLog, parallel: 2, run });
  const sliceFolder = path.join(folder, "slices");
  const job = { ...jobFor(captureDir), sliceFolder };
  const told: number[] = [];
  const { signal } = new AbortController();
  const options = {
    signal,
    onProgress: ({ done: share }: { done: number }) => void told.push(share),
  };
  const slices = async () =>
    (await readdir(sliceFolder)).filter((name) => !name.includes("tracks"));
  return { composer, job, options, done, told, slices };
}

it("shares a capture among the workers and joins what they made", async () => {
  const { composer, job, options, done, told } = await studio();
  const probe = await composer.compose(job, options);
  expect(probe.problems).toEqual([]);
  expect(probe.video?.frames).toBe(300);
  expect(done.map(nameOf)).toEqual(["slice", "slice", "join"]);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told.at(-1)).toBe(1);
});

it("goes on after a kill with the slices that are there", async () => {
  const stopping = new AbortController();
  const { composer, job, options, done, told, slices } = await studio();
  const first = composer.compose(job, {
    signal: stopping.signal,
    onProgress: ({ done: share }) => {
      if (share >= 0.5 && done.length > 0) stopping.abort();
    },
  });
  await expect(first).rejects.toMatchObject({ reason: "aborted" });
  const before = await slices();
  expect(before.length).toBeGreaterThan(0);
  const already = done.length;
  const probe = await composer.compose(job, options);
  expect(probe.problems).toEqual([]);
  expect(probe.video?.frames).toBe(300);
  for (const task of done.slice(already))
    if ("fromFrame" in task) expect(before).not.toContain(path.basename(task.output));
  expect(told[0]).toBeGreaterThan(0.3);
});

it("tries a slice once more, then composes in one pass", async () => {
  let refusals = 0;
  const { composer, job, options, done } = await studio((task) => {
    if (nameOf(task) !== "slice" || refusals >= 4) return;
    refusals++;
    throw new Error("out of memory");
  });
  expect((await composer.compose(job, options)).problems).toEqual([]);
  expect(refusals).toBeGreaterThanOrEqual(2);
  expect(done.map(nameOf)).not.toContain("join");
});

it("composes in one pass when a slice turns out damaged", async () => {
  const { composer, job, options, slices } = await studio();
  await composer.compose(job, options);
  const [name = ""] = await slices();
  const file = path.join(job.sliceFolder, name);
  await truncate(file, 5000);
  await writeFile(path.join(job.sliceFolder, "notes.txt"), "not a slice");
  expect((await composer.compose(job, options)).problems).toEqual([]);
});

it("says for good that nobody was recorded", async () => {
  const { composer, job, options } = await studio();
  const captureDir = path.join(path.dirname(job.captureDir), "empty");
  await buildCapture(captureDir, { durationMs: 2000, publications: [] });
  const failure = composer.compose({ ...job, captureDir }, options);
  await expect(failure).rejects.toMatchObject({ reason: "no_media", retryable: false });
});
