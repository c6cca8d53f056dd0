import { closeSync, fstatSync, openSync, writeFileSync, writeSync } from "node:fs";
import { unsigned } from "./ebml.ts";
import { blocksFrom, FileWindow, type TrackBlock } from "./trackBlocks.ts";
import { blockHeadBytes, clusterMark } from "./trackContainer.ts";

/** A file that small is read through rather than searched, bytes. */
const smallBytes = 1 << 18;
/** How much further back a key frame is looked for, at first, ms. */
const backMs = 12_000;
const copyBytes = 1 << 20;

/** A part of a track file as a file of its own. */
export interface Excerpt {
  /** Media time of its first frame, ms. */
  firstMs: number;
}

/**
 * Writes what is needed to decode a track file from `fromMs` to `toMs` (media time) to `target`: from the last key frame
 * that is not later, without reading what comes before, and as far as whole frames go. The file may be growing.
 * Undefined when it holds nothing of that time.
 * @throws when it cannot be read or holds no media, or `target` cannot be written
 */
export function writeExcerpt(
  source: string,
  target: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Excerpt | undefined {
  const fd = openSync(source, "r");
  try {
    const file = new FileWindow(fd, fstatSync(fd).size);
    const first = file.nextCluster(0);
    if (first === undefined) throw new Error("no media");
    const start = startBlock(file, first, fromMs);
    const stretches = start ? wholeStretches(file, start, toMs) : [];
    if (!start || stretches.length === 0) return undefined;
    writeFileSync(target, Buffer.concat([file.at(0, first).subarray(0, first), clusterOf(start)]));
    append(file, target, stretches);
    return { firstMs: start.ms };
  } finally {
    closeSync(fd);
  }
}

/** A frame with its content. */
export interface TrackFrameContent {
  /** Media time, ms. */
  ms: number;
  data: Buffer;
}

/**
 * The frames needed to decode a track file from `fromMs` up to `toMs` (media time), without reading what comes before. The
 * file may be growing.
 * @throws when it cannot be read or holds no media
 */
export function* trackFrames(
  source: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Generator<TrackFrameContent> {
  const fd = openSync(source, "r");
  try {
    const file = new FileWindow(fd, fstatSync(fd).size);
    const first = file.nextCluster(0);
    if (first === undefined) throw new Error("no media");
    const start = startBlock(file, first, fromMs);
    if (!start) return;
    for (const { offset, end, ms } of blocksFrom(file, start.cluster)) {
      if (ms >= toMs) return;
      if (offset < start.offset) continue;
      const at = offset + blockHeadBytes;
      yield { ms, data: Buffer.from(file.at(at, end - at).subarray(0, end - at)) };
    }
  } finally {
    closeSync(fd);
  }
}

function clusterOf({ clusterMs }: TrackBlock): Buffer {
  return Buffer.concat([clusterMark, unsigned(clusterMs)]);
}

/** The last key frame not later than `fromMs`, else the first of all. */
function startBlock(file: FileWindow, first: number, fromMs: number): TrackBlock | undefined {
  for (let back = 0; ; back = Math.max(backMs, back * 4)) {
    const cluster = clusterBefore(file, first, fromMs - back);
    const key = lastKey(file, cluster, fromMs);
    if (key || cluster === first) return key ?? firstKey(file, first);
  }
}

function lastKey(file: FileWindow, cluster: number, fromMs: number): TrackBlock | undefined {
  let key: TrackBlock | undefined;
  for (const block of blocksFrom(file, cluster)) {
    if (block.ms > fromMs) break;
    if (block.key) key = block;
  }
  return key;
}

function firstKey(file: FileWindow, first: number): TrackBlock | undefined {
  for (const block of blocksFrom(file, first)) if (block.key) return block;
  return undefined;
}

/** Offset of a cluster that begins at or before a time, close to it; by bisection. */
function clusterBefore(file: FileWindow, first: number, ms: number): number {
  let low = first;
  let high = file.size;
  while (high - low > smallBytes) {
    const middle = low + Math.floor((high - low) / 2);
    const found = file.nextCluster(middle, high);
    const foundMs = found === undefined ? undefined : file.clusterMs(found);
    if (found !== undefined && foundMs !== undefined && foundMs <= ms) low = found;
    else high = middle;
  }
  return low;
}

/** A stretch of a file, bytes. */
interface Stretch {
  from: number;
  to: number;
}

/** Where the frames from `start` to `toMs` lie, with the clusters that begin between them and without what is damaged. */
function wholeStretches(file: FileWindow, start: TrackBlock, toMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { offset, end, ms, cluster } of blocksFrom(file, start.cluster)) {
    if (offset < start.offset) continue;
    if (ms > toMs) break;
    const last = stretches.at(-1);
    if (last && (offset === last.to || cluster === last.to)) last.to = end;
    else stretches.push({ from: last ? cluster : offset, to: end });
  }
  return stretches;
}

function append(file: FileWindow, target: string, stretches: Stretch[]): void {
  const fd = openSync(target, "a");
  try {
    for (const { from, to } of stretches)
      for (let offset = from; offset < to; ) {
        const length = Math.min(copyBytes, to - offset);
        const bytes = file.at(offset, length).subarray(0, length);
        if (bytes.length === 0) return;
        writeSync(fd, bytes);
        offset += bytes.length;
      }
  } finally {
    closeSync(fd);
  }
}
