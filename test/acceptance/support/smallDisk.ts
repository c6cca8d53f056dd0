import { execFile } from "node:child_process";
import { mkdir, rm, statfs } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const megabyte = 1_000_000;

/** A file system that can be filled up without harm (Linux). */
export interface SmallDisk {
  /** Whether it is really small: else only its free space is made less, by a file that is reserved and never written. */
  mounted: boolean;
  /** Environment of a server that refuses starts below a good deal more than it ends recordings at. */
  env: Record<string, string>;
  /** Leaves less free space than recordings are ended at. */
  fillBelowFloor(): Promise<void>;
  /** Leaves less free space than starts are refused at, but more than recordings are ended at. */
  fillBelowReserve(): Promise<void>;
  empty(): Promise<void>;
  unmount(): Promise<void>;
}

/** Mounts a small file system at the folder where that is allowed; elsewhere the limits lie just under what is free. */
export async function smallDisk(folder: string): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=400m,mode=711", "tmpfs", folder])
    .then(() => true)
    .catch(() => false);
  const filler = path.join(folder, "filler");
  const free = async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
  const floor = mounted ? 60 * megabyte : (await free()) - 2000 * megabyte;
  // What others write and remove on a disk that is not ours alone must not decide.
  const gap = mounted ? 120 * megabyte : 1000 * megabyte;
  const reserve = floor + gap;
  const leave = async (bytes: number) => {
    await rm(filler, { force: true });
    await run("fallocate", ["-l", String((await free()) - bytes), filler]);
  };
  return {
    mounted,
    env: {
      CONNVO_DISK_FLOOR_BYTES: String(floor),
      CONNVO_DISK_RESERVE_BYTES: String(reserve),
    },
    fillBelowFloor: () => leave(floor - gap / 6),
    fillBelowReserve: () => leave(floor + gap / 2),
    empty: () => rm(filler, { force: true }),
    unmount: async () => {
      if (mounted) await run("umount", ["-l", folder]);
    },
  };
}
