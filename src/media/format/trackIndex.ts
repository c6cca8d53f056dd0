import { type FileHandle, readFile } from "node:fs/promises";
import { opusDurationMs } from "./opusPacket.ts";
import { blockHeadBytes, clusterHeadBytes, clusterMark } from "./trackContainer.ts";

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
}

/** What a track file holds up to its last whole frame. */
export interface TrackIndex {
  /** Ascending by offset. */
  marks: TrackMark[];
  /** Where the last whole frame ends, bytes. */
  endOffset: number;
  /** Media time of the last frame, ms. */
  lastMs: number;
}

const recordBytes = 16;
const windowBytes = 1 << 20;
/** The latest time a record and a seek point can hold: seven weeks. */
const maxMs = 2 ** 32 - 1;
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
  const known = (await readMarks(indexPath)).filter(({ offset }) => offset < size);
  if (known[0]?.offset === firstCluster)
    while (known.length > 0) {
      // The last cluster is read again: its writer may have died in the middle of it.
      const last = known.pop();
      if (!last?.cluster || !(await beginsAt(handle, last))) continue;
      const tail = await scan(handle, { from: last.offset, size, sound });
      const [first, ...rest] = tail.marks;
      if (first) return { ...tail, marks: [...known, last, ...rest] };
    }
  return scan(handle, { from: firstCluster, size, sound });
}

async function beginsAt(handle: FileHandle, { offset, ms }: TrackMark): Promise<boolean> {
  const head = Buffer.alloc(clusterHeadBytes);
  const { bytesRead } = await handle.read(head, 0, head.length, offset);
  return bytesRead === head.length && clusterTime(head) === ms;
}

/** Walks clusters and blocks from `from` to the first thing that is neither or not whole. */
async function scan(
  handle: FileHandle,
  { from, size, sound }: { from: number; size: number; sound: boolean },
): Promise<TrackIndex> {
  const window = new FileWindow(handle, size);
  const gaps = new SoundGaps();
  const index: TrackIndex = { marks: [], endOffset: from, lastMs: 0 };
  let cluster: { offset: number; ms: number } | undefined;
  let opened = false;
  for (let at = from; ; ) {
    if (!window.holds(at)) await window.load(at);
    const head = window.at(at);
    const clusterMs = clusterTime(head);
    if (clusterMs !== undefined) {
      cluster = { offset: at, ms: clusterMs };
      opened = true;
      at += clusterHeadBytes;
      continue;
    }
    const block = cluster && readBlockHead(head, cluster.ms);
    if (!cluster || !block || at + block.bytes > size || block.ms > maxMs) return index;
    const missingMs = sound ? gaps.before(block.ms, head.subarray(blockHeadBytes)) : 0;
    if (opened || missingMs > 0) {
      const offset = opened ? cluster.offset : at;
      index.marks.push({ ms: block.ms, offset, cluster: opened, key: block.key, missingMs });
    }
    opened = false;
    at += block.bytes;
    index.endOffset = at;
    index.lastMs = Math.max(index.lastMs, block.ms);
  }
}

/** The time of the cluster that begins there, ms; undefined when none does. */
function clusterTime(head: Buffer): number | undefined {
  if (head.length < clusterHeadBytes) return undefined;
  if (!head.subarray(0, clusterMark.length).equals(clusterMark)) return undefined;
  return Number(head.readBigUInt64BE(clusterMark.length));
}

function readBlockHead(
  head: Buffer,
  clusterMs: number,
): { bytes: number; ms: number; key: boolean } | undefined {
  if (head.length < blockHeadBytes || head[0] !== 0xa3 || head[1] !== 0x01) return undefined;
  const size = Number(head.readBigUInt64BE(1) & 0x00ff_ffff_ffff_ffffn);
  const ms = clusterMs + head.readInt16BE(10);
  return { bytes: 9 + size, ms, key: ((head[12] ?? 0) & 0x80) !== 0 };
}

/** Reads a file forward in large pieces and shows a few bytes of it. */
class FileWindow {
  static readonly #shown = clusterHeadBytes + 2;
  #handle: FileHandle;
  #size: number;
  #start = 0;
  #bytes = Buffer.alloc(0);

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  holds(offset: number): boolean {
    const needed = Math.min(offset + FileWindow.#shown, this.#size);
    return offset >= this.#start && needed <= this.#start + this.#bytes.length;
  }

  async load(offset: number): Promise<void> {
    const wanted = Buffer.allocUnsafe(Math.max(0, Math.min(windowBytes, this.#size - offset)));
    const { bytesRead } = await this.#handle.read(wanted, 0, wanted.length, offset);
    this.#start = offset;
    this.#bytes = wanted.subarray(0, bytesRead);
  }

  /** What is at `offset`, as many bytes as are needed or there. */
  at(offset: number): Buffer {
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + FileWindow.#shown);
  }
}
