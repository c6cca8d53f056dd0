import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import {
  blockHeadBytes,
  clusterHeadBytes,
  clusterMark,
  parseBlock,
  parseCluster,
} from "./trackContainer.ts";

/** One frame in a track file. */
export interface TrackBlock {
  /** Where its block begins in the file, and where it ends. */
  offset: number;
  end: number;
  /** Media time, ms. */
  ms: number;
  /** Where its cluster begins in the file, and that cluster's media time, ms. */
  cluster: number;
  clusterMs: number;
  key: boolean;
  /** The first bytes of the frame, at most four. */
  head: Buffer;
}

const windowBytes = 1 << 20;
const readAsync = promisify(read);

/** Random access to a file that may be growing: it ends where it ended when this was made. */
export class FileWindow {
  readonly size: number;
  #fd: number;
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  /** The bytes there are from an offset on, at least `length` unless the file ends before; a view until the next call. */
  at(offset: number, length: number): Buffer {
    if (!this.#holds(offset, length)) this.#load(offset, Math.max(length, windowBytes));
    return this.#bytes.subarray(offset - this.#from);
  }

  /** Reads ahead what begins at an offset, so that others have their turn meanwhile. */
  async prepare(offset: number): Promise<void> {
    if (this.#holds(offset, clusterHeadBytes + blockHeadBytes)) return;
    const buffer = this.#buffer(offset, windowBytes);
    const { bytesRead } = await readAsync(this.#fd, buffer, 0, buffer.length, offset);
    this.#keep(buffer.subarray(0, bytesRead), offset);
  }

  /** Offset of the next cluster at or after one, below `limit`; undefined when there is none. */
  nextCluster(from: number, limit = this.size): number | undefined {
    for (let offset = from; offset < limit; ) {
      const bytes = this.at(offset, clusterHeadBytes);
      const found = bytes.indexOf(clusterMark);
      if (found >= 0) return offset + found < limit ? offset + found : undefined;
      if (bytes.length < clusterHeadBytes) return undefined;
      offset += bytes.length - clusterMark.length + 1;
    }
    return undefined;
  }

  /** Media time of the cluster at an offset, ms; undefined where none begins. */
  clusterMs(offset: number): number | undefined {
    return parseCluster(this.at(offset, clusterHeadBytes));
  }

  #holds(offset: number, length: number): boolean {
    const end = offset + Math.min(length, this.size - offset);
    return offset >= this.#from && end <= this.#from + this.#bytes.length;
  }

  #buffer(offset: number, length: number): Buffer {
    return Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - offset)));
  }

  #load(offset: number, length: number): void {
    const buffer = this.#buffer(offset, length);
    let got = 0;
    while (got < buffer.length) {
      const count = readSync(this.#fd, buffer, got, buffer.length - got, offset + got);
      if (count === 0) break;
      got += count;
    }
    this.#keep(buffer.subarray(0, got), offset);
  }

  #keep(bytes: Buffer, from: number): void {
    this.#bytes = bytes;
    this.#from = from;
  }
}

/** The whole frames of a track file in order from a cluster on; damage is stepped over, a torn end left out. */
export function* blocksFrom(file: FileWindow, start: number): Generator<TrackBlock> {
  let clusterMs: number | undefined;
  let cluster = start;
  for (let offset = start; offset + blockHeadBytes < file.size; ) {
    const bytes = file.at(offset, blockHeadBytes + 4);
    const block = clusterMs === undefined ? undefined : parseBlock(bytes, clusterMs);
    if (clusterMs !== undefined && block && offset + block.bytes <= file.size) {
      const end = offset + block.bytes;
      const head = bytes.subarray(blockHeadBytes, Math.min(blockHeadBytes + 4, block.bytes));
      yield { offset, end, ms: block.ms, cluster, clusterMs, key: block.key, head };
      offset = end;
      continue;
    }
    const next = file.nextCluster(offset);
    if (next === undefined) return;
    clusterMs = file.clusterMs(next);
    cluster = next;
    offset = next + (clusterMs === undefined ? clusterMark.length : clusterHeadBytes);
  }
}

/** All frames of a track file in order, without their content. @throws when it cannot be read or holds no media */
export function* trackBlocks(source: string): Generator<TrackBlock> {
  const fd = openSync(source, "r");
  try {
    const file = new FileWindow(fd, fstatSync(fd).size);
    const first = file.nextCluster(0);
    if (first === undefined) throw new Error("no media");
    yield* blocksFrom(file, first);
  } finally {
    closeSync(fd);
  }
}

const tailBytes = 1 << 21;

/**
 * Media time of the last whole frame in a track file, ms; undefined when there is none. Reads from the end: the file of a
 * writer that died may be long.
 */
export async function lastFrameMs(path: string): Promise<number | undefined> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const file = new FileWindow(handle.fd, size);
    for (let window = tailBytes; ; window *= 4) {
      const from = Math.max(0, size - window);
      await file.prepare(from);
      const first = file.nextCluster(from);
      let last: number | undefined;
      if (first !== undefined)
        for (const { ms } of blocksFrom(file, first)) last = Math.max(last ?? 0, ms);
      if (last !== undefined || from === 0) return last;
    }
  } finally {
    await handle.close();
  }
}
