import { type FileHandle, open } from "node:fs/promises";
import { clusterMark } from "./trackContainer.ts";

const firstWindow = 1 << 21;
const simpleBlock = 0xa3;
const blockHead = 13;

/**
 * Media time of the last whole frame in a track file, ms; undefined when there is none. Reads from the end: the file
 * of a writer that died has no index, may be long, and may stop in the middle of a frame.
 */
export async function lastFrameMs(path: string): Promise<number | undefined> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    for (let window = firstWindow; ; window *= 4) {
      const found = lastFrameIn(await readTail(handle, size, window));
      if (found !== undefined || window >= size) return found;
    }
  } finally {
    await handle.close();
  }
}

async function readTail(handle: FileHandle, size: number, window: number): Promise<Buffer> {
  const length = Math.min(size, window);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}

function lastFrameIn(tail: Buffer): number | undefined {
  for (let mark = tail.lastIndexOf(clusterMark); mark >= 0; ) {
    const last = lastBlockOfCluster(tail, mark + clusterMark.length);
    if (last !== undefined) return last;
    mark = mark === 0 ? -1 : tail.lastIndexOf(clusterMark, mark - 1);
  }
  return undefined;
}

function lastBlockOfCluster(tail: Buffer, at: number): number | undefined {
  if (at + 8 > tail.length) return undefined;
  const clusterMs = Number(tail.readBigUInt64BE(at));
  let last: number | undefined;
  for (let block = at + 8; block + blockHead <= tail.length && tail[block] === simpleBlock; ) {
    const size = Number(tail.readBigUInt64BE(block + 1) & 0x00ff_ffff_ffff_ffffn);
    if (block + 9 + size > tail.length) break;
    last = Math.max(last ?? 0, clusterMs + tail.readInt16BE(block + 10));
    block += 9 + size;
  }
  return last;
}
