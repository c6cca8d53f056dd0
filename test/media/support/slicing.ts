import { createHash } from "node:crypto";
import { cp, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { runComposeTask } from "../../../src/media/compose/composer.ts";
import { frameCount, type Slice } from "../../../src/media/compose/slicePlan.ts";
import { loadTimeline, type Timeline } from "../../../src/media/format/timeline/timeline.ts";
import { trackBlocks } from "../../../src/media/format/track/trackBlocks.ts";
import { SkippedTracks } from "../../../src/media/render/decode/skippedTracks.ts";
import type { RenditionSink } from "../../../src/media/render/file/renditionSink.ts";
import { type Look, renderPart, soundEnd } from "../../../src/media/render/render.ts";
import { renderSlice } from "../../../src/media/render/sliceCompositor.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { composeProgram, develop, type Film, jobFor, type Wanted } from "./captureStudio.ts";

/** Slices of `length` frames, the last as it comes. */
export function slicesOf(total: number, length: number): Slice[] {
  return Array.from({ length: Math.ceil(total / length) }, (_, index) => ({
    fromFrame: index * length,
    toFrame: Math.min(total, (index + 1) * length),
    last: (index + 1) * length >= total,
  }));
}

/** Remembers what it is given: a hash of each picture, the sound by position. */
export class Memory implements RenditionSink {
  readonly pictures: string[] = [];
  readonly sound = new Map<number, Float32Array>();
  #at: number;

  constructor(soundFrom: number) {
    this.#at = soundFrom;
  }

  video(picture: Buffer): void {
    this.pictures.push(createHash("sha1").update(picture).digest("hex"));
  }

  audio(block: Float32Array): void {
    this.sound.set(this.#at, block);
    this.#at += block.length / 2;
  }

  finish(): void {}
  abort(): void {}
}

export async function wholeOf(captureDir: string, wanted: Look): Promise<Memory> {
  const timeline = await loadTimeline(captureDir);
  const sink = new Memory(0);
  const part = {
    ...{ fromFrame: 0, toFrame: frameCount(timeline.durationMs) },
    sound: { from: 0, to: soundEnd(timeline) },
  };
  const parts = { sink, skipped: new SkippedTracks(), onProgress: () => undefined };
  await renderPart(wanted, timeline, part, parts);
  return sink;
}

export async function sliceOf(
  captureDir: string,
  slice: Slice,
  { powersIn, ...wanted }: Look & { powersIn?: string },
): Promise<Memory> {
  let sink = new Memory(0);
  const open = (soundFrom: number) => {
    sink = new Memory(soundFrom);
    return sink;
  };
  const skipped = new SkippedTracks();
  const kept = powersIn === undefined ? {} : { powersIn };
  const parts = {
    folder: await scratchFolder("connvo-media-"),
    ...kept,
    skipped,
    onProgress: () => undefined,
  };
  await renderSlice({ captureDir, ...wanted, ...slice }, open, parts);
  expect(skipped.tracks).toEqual([]);
  return sink;
}

/** What the capture was when its recorder had got to `untilMs`: the log and the files as long as they were. */
export async function early(dir: string, untilMs: number): Promise<string> {
  const to = path.join(await scratchFolder("connvo-media-"), "capture");
  await mkdir(to);
  await cp(dir, to, { recursive: true });
  const lines = (await readFile(path.join(dir, "events.jsonl"), "utf8")).split("\n");
  const startedAt = (JSON.parse(lines[0] ?? "") as { t: number }).t;
  const kept = lines.filter(
    (line) => line !== "" && (JSON.parse(line) as { t: number }).t <= startedAt + untilMs,
  );
  await writeFile(path.join(to, "events.jsonl"), `${kept.join("\n")}\n{"type":"lev`);
  await cutFiles(to, await loadTimeline(dir), untilMs);
  return to;
}

async function cutFiles(dir: string, { participants }: Timeline, untilMs: number): Promise<void> {
  for (const { path: file, clock } of participants.flatMap(({ tracks }) => tracks))
    for (const { ms, offset } of trackBlocks(file))
      if (clock.at(ms) > untilMs) {
        await truncate(path.join(dir, path.basename(file)), offset);
        break;
      }
}

/** Of two blocks of sound. */
export function largestDifference(a: Float32Array, b: Float32Array | undefined): number {
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b?.[at] ?? 9))), 0);
}

/** Composes all slices of `length` frames, each in its own process, and joins them. */
export async function sliced(dir: string, length: number, wanted: Wanted): Promise<Film> {
  const job = jobFor(dir, wanted);
  const options = { entry: await composeProgram(), log: silentLog };
  const { durationMs } = await loadTimeline(dir);
  const { layout, quality, audioOnly, captureDir, threads } = job;
  const slices = slicesOf(frameCount(durationMs), length).map((slice) => ({
    ...({ task: "slice", captureDir, layout, quality, audioOnly, threads, ...slice } as const),
    output: path.join(path.dirname(dir), `${length}-${slice.fromFrame}.slice`),
  }));
  for (const slice of slices) await runComposeTask(slice, options);
  const output = path.join(path.dirname(dir), `joined-${path.basename(job.output)}`);
  const files = slices.map((slice) => slice.output);
  const join = { task: "join", output, quality, audioOnly, slices: files, durationMs } as const;
  const { probe } = await runComposeTask(join, options);
  if (!probe) throw new Error("no file");
  return develop({ ...job, output }, probe, () => 2);
}
