import { closeSync, fstatSync, openSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { eventLogName, readEvents } from "../../../src/media/format/log/eventLog.ts";
import { loadTimeline, type TimelineTrack } from "../../../src/media/format/timeline/timeline.ts";
import { blocksFrom, FileWindow } from "../../../src/media/format/track/trackBlocks.ts";
import type { SentFrame } from "../../../src/synth/transport/whipPublisher.ts";
import { standsStill } from "./pictures.ts";
import { sentLogName } from "./sentFrames.ts";

interface Stretch {
  startMs: number;
  endMs: number;
}

/** Less than this without a frame is not worth a line, ms. */
const noticeableMs = 250;

/**
 * What was sent, received, stored and composed of every recording below a folder, side by side, so that the place where
 * media went missing is seen at once. Times are ms of recorded time.
 */
export async function describeRecordings(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  const sent = await sentFramesBelow(folder, files);
  const lines: string[] = [];
  for (const log of files.filter((file) => path.basename(file) === eventLogName).sort()) {
    const capture = path.dirname(path.join(folder, log));
    const described = await describeCapture(capture, sent).catch((error: unknown) => [
      `  cannot be read: ${String(error)}`,
    ]);
    lines.push(`recording ${path.relative(folder, path.dirname(capture))}`, ...described);
  }
  for (const file of files.filter((name) => name.endsWith(".mp4")).sort())
    lines.push(...describeFile(path.join(folder, file), file));
  return lines;
}

async function describeCapture(dir: string, sent: Map<string, SentFrame[]>): Promise<string[]> {
  const timeline = await loadTimeline(dir);
  const { startedAt, durationMs, sealed, stopReason, gaps, pauses } = timeline;
  const counts = await countsOf(dir);
  const state = sealed ? `sealed (${stopReason})` : "not sealed";
  const head = `  ${durationMs} ms, ${state}; gaps ${JSON.stringify(gaps)}, pauses ${JSON.stringify(pauses)}`;
  const tracks = timeline.participants.flatMap(({ name, source, tracks: own }) =>
    own.flatMap((track) => {
      const frames = framesOf(track);
      const of = `${name}'s ${source} ${track.kind} ${track.id}`;
      const line = `  ${of}: stored ${frames.length} frames ${span(track)}; ${counts.get(track.id) ?? "its end is not told"}`;
      const holes = track.kind === "video" ? holesBetween(frames, track) : [];
      const frameLog = sent.get(name);
      return [
        line,
        ...holes.map(
          (hole) => `    nothing stored ${span(hole)}${sentIn(frameLog, startedAt, hole)}`,
        ),
      ];
    }),
  );
  return [head, ...tracks];
}

/** What the receiver counted, by track. */
async function countsOf(dir: string): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  for await (const event of readEvents(dir)) {
    if (event.type !== "trackEnd") continue;
    const { packets, lost, reason } = event;
    counts.set(event.track, `received ${packets} packets, ${lost} lost for good; ended: ${reason}`);
  }
  return counts;
}

/** When the frames of a track are shown. */
function framesOf(track: TimelineTrack): number[] {
  const fd = openSync(track.path, "r");
  try {
    const blocks = blocksFrom(new FileWindow(fd, fstatSync(fd).size), 0);
    return [...blocks].map(({ ms }) => track.clock.at(ms));
  } finally {
    closeSync(fd);
  }
}

function holesBetween(times: readonly number[], { startMs, endMs }: Stretch): Stretch[] {
  const edges = [startMs, ...times, endMs];
  return edges.slice(1).flatMap((to, index) => {
    const from = edges[index] ?? 0;
    return to - from >= noticeableMs ? [{ startMs: from, endMs: to }] : [];
  });
}

function sentIn(
  frames: readonly SentFrame[] | undefined,
  startedAt: number,
  { startMs, endMs }: Stretch,
): string {
  if (frames === undefined) return "";
  const during = frames.filter(({ sentAt }) => {
    return sentAt - startedAt > startMs && sentAt - startedAt < endMs;
  });
  return `, though ${during.length} frames were sent meanwhile`;
}

function describeFile(file: string, name: string): string[] {
  try {
    const { pictures, still } = standsStill(file, noticeableMs);
    const stretches = still.map((one) => `    the picture stands still ${span(one)}`);
    return [`file ${name}: ${pictures} pictures`, ...stretches];
  } catch (error) {
    return [`file ${name}: cannot be decoded: ${String(error)}`];
  }
}

async function sentFramesBelow(
  folder: string,
  files: readonly string[],
): Promise<Map<string, SentFrame[]>> {
  const found = new Map<string, SentFrame[]>();
  for (const file of files.filter((name) => path.basename(name) === sentLogName)) {
    const { name, frames } = JSON.parse(await readFile(path.join(folder, file), "utf8"));
    found.set(name, frames);
  }
  return found;
}

const span = ({ startMs, endMs }: Stretch) => `${startMs.toFixed(0)}–${endMs.toFixed(0)} ms`;
