import { mkdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { processEntry } from "../src/config/paths.ts";
import { type Log, silentLog } from "../src/core/log.ts";
import type { ComposeJob } from "../src/media/compose/protocol.ts";
import { SliceComposer } from "../src/media/compose/sliceComposer.ts";
import {
  dueSlices,
  frameMs,
  frameSample,
  type Slice,
  sliceLength,
  sliceName,
} from "../src/media/compose/slicePlan.ts";
import { settleMs } from "../src/media/format/timeline/trackPlace.ts";
import { readSlice, SliceWriter } from "../src/media/render/file/sliceFile.ts";
import { sourceCapture } from "./composeSource.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, type Pair } from "./statistics.ts";

const minuteMs = 60_000;
const look = { layout: "grid", quality: "720p", audioOnly: false } as const;
const length = sliceLength(false);

/** Slices in parallel against one pass, and the time from the stop to the file when composing has kept up. */
export async function benchSlices(stage: Stage): Promise<Row[]> {
  return [await parallelRow(stage), ...(await stopRows(stage))];
}

/** Slices that cannot be used are made good in one pass: nothing that should be measured here. */
const strictLog: Log = {
  ...silentLog,
  warn: (fields, message) => {
    throw new Error(message, { cause: fields });
  },
};

function composer(): SliceComposer {
  const entry = processEntry("composeProcess");
  return new SliceComposer({ entry, log: strictLog, parallel: availableParallelism() });
}

function jobOf(captureDir: string): ComposeJob {
  const output = path.join(path.dirname(captureDir), "whole.mp4");
  return { captureDir, output, ...look, composer: "node-av", threads: 0 };
}

/** Seconds until the file is there. */
async function composed(job: ComposeJob): Promise<number> {
  const began = performance.now();
  const { signal } = new AbortController();
  await composer().compose(job, { signal, onProgress: () => undefined });
  return (performance.now() - began) / 1000;
}

async function parallelRow(stage: Stage): Promise<Row> {
  const durationMs = stage.pick(40_000, 16_000);
  const job = jobOf(await sourceCapture(stage, durationMs));
  const sliceFolder = path.join(path.dirname(job.captureDir), "slices");
  const inSlices = async () => {
    await rm(sliceFolder, { recursive: true, force: true });
    return composed({ ...job, sliceFolder });
  };
  const rounds: Pair[] = [];
  for (let round = 0; round < stage.pick(3, 1); round++) {
    stage.say(`slices and one pass, ${durationMs / 1000} s, round ${round + 1}`);
    const before = round % 2 === 0 ? await inSlices() : undefined;
    const baseline = await composed(job);
    rounds.push({ ours: before ?? (await inSlices()), baseline });
  }
  const comparison = compare(rounds);
  const beside = `${(durationMs / 1000 / comparison.ours).toFixed(1)}× real time`;
  return rowOf({
    name: `4 × 720p30 composed in slices on ${availableParallelism()} cores, wall`,
    baseline: "one pass",
    ...{ comparison, format: units.seconds, beside, aim: { of: "ratio", most: 0.625 } },
  });
}

async function stopRows(stage: Stage): Promise<Row[]> {
  const times = new Map<number, number>();
  for (const minutes of stage.pick([1, 5, 15], [1, 5])) {
    stage.say(`stop → MP4 after ${minutes} min`);
    times.set(minutes, await stopped(stage, minutes * minuteMs));
  }
  const baseline = times.get(1) ?? Number.NaN;
  return [...times].map(([minutes, ours]) =>
    rowOf({
      name: `stop → MP4, ${minutes} min of 4 × 720p`,
      baseline: "after 1 min",
      ...{ comparison: compare([{ ours, baseline }]), format: units.seconds },
      ...(minutes > 1 ? { aim: { of: "ratio", most: 1.3 } as const } : {}),
    }),
  );
}

/**
 * Seconds from the stop to the file of a recording whose slices had kept up. Composing those would take as long as the
 * meeting: two are composed, the others are the second one at another time, which has as many bytes.
 */
async function stopped(stage: Stage, durationMs: number): Promise<number> {
  // The stop comes in the middle of a slice, as on average.
  const job = jobOf(await sourceCapture(stage, durationMs + frameMs(length) / 2));
  const sliceFolder = path.join(path.dirname(job.captureDir), "slices");
  await mkdir(sliceFolder);
  const source = { ...job, folder: sliceFolder };
  const due = dueSlices([], durationMs + frameMs(length) / 2 - settleMs, length, 1e6);
  const { signal } = new AbortController();
  const slices = composer();
  await Promise.all(due.slice(0, 2).map((slice) => slices.slice(source, slice, { signal })));
  const model = due[1];
  if (model) for (const slice of due.slice(2)) repeat(sliceFolder, model, slice);
  return composed({ ...job, sliceFolder });
}

/** Writes a slice with the packets of another. */
function repeat(folder: string, model: Slice, slice: Slice): void {
  const { head, packets } = readSlice(path.join(folder, sliceName(model)));
  const { fromFrame, toFrame } = slice;
  const writer = new SliceWriter(path.join(folder, sliceName(slice)), {
    ...head,
    ...{ fromFrame, toFrame },
  });
  const frames = fromFrame - model.fromFrame;
  for (const packet of packets) {
    const later = packet.kind === "video" ? frames : frameSample(frames);
    writer.packet({ ...packet, pts: packet.pts + later, dts: packet.dts + later });
  }
  writer.finish();
}
