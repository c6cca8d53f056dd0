import { readSync } from "node:fs";
import { clusterMark } from "./trackContainer.ts";

/** One frame in a track file. */
export interface TrackBlock {
  /** Where its block begins in the file, and where the next thing does. */
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

const simpleBlock = 0xa3;
const blockHead = 13;
const clusterHead = clusterMark.length + 8;
const windowBytes = 1 << 20;

/** Random access to a file that may be growing: it ends where it ended when this was made. */
export class FileWindow {
  readonly size: number;
  #fd: number;
  #bytes = Buffer.alloc(0);
  #from = 0;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.size = size;
  }

  /** The bytes there are from an offset on, at least `length` unless the file ends before; a view until the next call. */
  at(offset: number, length: number): Buffer {
    const inside = offset - this.#from;
    const missing = offset + Math.min(length, this.size - offset) > this.#from + this.#bytes.length;
    if (inside < 0 || missing) this.#load(offset, Math.max(length, windowBytes));
    return this.#bytes.subarray(offset - this.#from);
  }

  /** Offset of the next cluster at or after one, below `limit`; undefined when there is none. */
  nextCluster(from: number, limit = this.size): number | undefined {
    for (let offset = from; offset < limit; ) {
      const bytes = this.at(offset, clusterHead);
      const found = bytes.indexOf(clusterMark);
      if (found >= 0) return offset + found < limit ? offset + found : undefined;
      if (bytes.length < clusterHead) return undefined;
      offset += bytes.length - clusterMark.length + 1;
    }
    return undefined;
  }

  /** Media time of the cluster at an offset, ms; undefined where the file ends before. */
  clusterMs(offset: number): number | undefined {
    const bytes = this.at(offset, clusterHead);
    return bytes.length < clusterHead
      ? undefined
      : Number(bytes.readBigUInt64BE(clusterMark.length));
  }

  #load(offset: number, length: number): void {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const buffer = Buffer.allocUnsafe(wanted);
    let read = 0;
    while (read < wanted) {
      const count = readSync(this.#fd, buffer, read, wanted - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    this.#bytes = buffer.subarray(0, read);
    this.#from = offset;
  }
}

/** The whole frames of a track file in order from a cluster on; damage is stepped over, a torn end left out. */
export function* blocksFrom(file: FileWindow, start: number): Generator<TrackBlock> {
  let clusterMs: number | undefined;
  let cluster = start;
  for (let offset = start; offset + blockHead < file.size; ) {
    const bytes = file.at(offset, clusterHead);
    const size = blockSize(bytes);
    if (clusterMs !== undefined && size !== undefined && offset + 9 + size <= file.size) {
      const end = offset + 9 + size;
      const ms = clusterMs + bytes.readInt16BE(10);
      const head = bytes.subarray(blockHead, Math.min(blockHead + 4, 9 + size));
      yield { offset, end, ms, cluster, clusterMs, key: ((bytes[12] ?? 0) & 0x80) !== 0, head };
      offset = end;
      continue;
    }
    const next = file.nextCluster(offset);
    if (next === undefined) return;
    clusterMs = file.clusterMs(next);
    if (clusterMs === undefined) return;
    cluster = next;
    offset = next + clusterHead;
  }
}

function blockSize(bytes: Buffer): number | undefined {
  if (bytes.length < blockHead || bytes[0] !== simpleBlock || bytes[1] !== 0x01) return undefined;
  const size = Number(bytes.readBigUInt64BE(1) & 0x00ff_ffff_ffff_ffffn);
  return size >= 4 ? size : undefined;
}
