import { type FileHandle, readFile } from "node:fs/promises";
import { opusDurationMs } from "./opusPacket.ts";
import { blocksFrom, FileWindow } from "./trackBlocks.ts";

/** A place in a track file where a cluster begins or sound is missing. */
export interface TrackMark {
  /** Media time of the frame there, ms. */
  ms: number;
  /** Of the cluster that begins here, else of the block; bytes from the start of the file. */
  offset: number;
  cluster: boolean;
  /** Whether the frame can be decoded by itself. */
  key: boolean;
  /** Sound that is missing before the frame, ms; 0 for pictures. */
  missingMs: number;
  /** Everything from here to the mark is damaged; bytes from the start of the file. */
  damagedFrom?: number;
}

/** What a track file holds. */
export interface TrackIndex {
  /** Ascending by offset. */
  marks: TrackMark[];
  /** Where the last whole frame ends, bytes. */
  endOffset: number;
  /** Media time of the last frame, ms. */
  lastMs: number;
}

const recordBytes = 16;
/** The longest pause a record can hold: hours. */
const maxMissingMs = 2 ** 24 - 1;
/** Less than one packet is no gap but rounding, ms. */
const leastMissingMs = 20;

/** Name of the file beside a track's file that tells where what is in it. */
export function trackIndexName(trackId: string): string {
  return `${trackId}.index`;
}

/** One mark as it is appended to the index file. */
export function markRecord({ ms, offset, cluster, key, missingMs }: TrackMark): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeUInt32BE(ms, 0);
  record.writeUInt32BE(missingMs * 256 + (cluster ? 1 : 0) + (key ? 2 : 0), 4);
  record.writeBigUInt64BE(BigInt(offset), 8);
  return record;
}

/** The marks an index file holds; none without a file. What is torn or out of order, and all behind it, is left out. */
async function readMarks(path: string): Promise<TrackMark[]> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  const marks: TrackMark[] = [];
  for (let at = 0; at + recordBytes <= content.length; at += recordBytes) {
    const offset = Number(content.readBigUInt64BE(at + 8));
    const rest = content.readUInt32BE(at + 4);
    const [ms, missingMs] = [content.readUInt32BE(at), rest >>> 8];
    if (offset <= (marks.at(-1)?.offset ?? 0) || missingMs > ms) break;
    marks.push({ ms, offset, cluster: (rest & 1) !== 0, key: (rest & 2) !== 0, missingMs });
  }
  return marks;
}

/** Notices where sound is missing between packets that come one after the other. */
export class SoundGaps {
  #endMs: number | undefined;

  /** How much is missing before the packet at `ms`; `packet` needs its first two bytes. */
  before(ms: number, packet: Buffer): number {
    const missing = this.#endMs === undefined ? 0 : ms - this.#endMs;
    this.#endMs = Math.max(this.#endMs ?? 0, ms + opusDurationMs(packet));
    return missing < leastMissingMs ? 0 : Math.min(Math.floor(missing), maxMissingMs);
  }
}

/**
 * The index of a track file: from the index file as far as that is right, the rest from the track file itself.
 * `firstCluster` is where the header ends; `indexPath` need not exist.
 */
export async function indexTrack(
  handle: FileHandle,
  indexPath: string,
  { firstCluster, sound }: { firstCluster: number; sound: boolean },
): Promise<TrackIndex> {
  const { size } = await handle.stat();
  const file = new FileWindow(handle.fd, size);
  const known = (await readMarks(indexPath)).filter(({ offset }) => offset < size);
  if (known[0]?.offset === firstCluster)
    while (known.length > 0) {
      // The last cluster is read again: its writer may have died in the middle of it.
      const last = known.pop();
      if (!last?.cluster) continue;
      await file.prepare(last.offset);
      if (file.clusterMs(last.offset) !== last.ms) continue;
      const tail = await scan(file, { from: last.offset, sound });
      const [first, ...rest] = tail.marks;
      if (first?.offset === last.offset) return { ...tail, marks: [...known, last, ...rest] };
    }
  return scan(file, { from: firstCluster, sound });
}

/** Notes where clusters begin, sound is missing and damage is left out, in all whole frames from a cluster on. */
async function scan(
  file: FileWindow,
  { from, sound }: { from: number; sound: boolean },
): Promise<TrackIndex> {
  const gaps = new SoundGaps();
  const index: TrackIndex = { marks: [], endOffset: from, lastMs: 0 };
  let cluster: number | undefined;
  await file.prepare(from);
  for (const block of blocksFrom(file, from)) {
    const { ms, key, head } = block;
    const missingMs = sound ? gaps.before(ms, head) : 0;
    if (block.cluster !== cluster) {
      const mark = { ms, offset: block.cluster, cluster: true, key, missingMs };
      const whole = index.endOffset === block.cluster;
      index.marks.push(whole ? mark : { ...mark, damagedFrom: index.endOffset });
    } else if (missingMs > 0)
      index.marks.push({ ms, offset: block.offset, cluster: false, key, missingMs });
    cluster = block.cluster;
    index.endOffset = block.end;
    index.lastMs = Math.max(index.lastMs, ms);
    await file.prepare(block.end);
  }
  return index;
}
