import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { clusterMark } from "../src/media/format/track/trackContainer.ts";

const pollMs = 1;
const patienceMs = 10_000;

/**
 * Looks every millisecond whether a recording has appeared below `recordingsDir` that holds media: a track file with a
 * cluster. Resolves with `performance.now()` of that moment.
 */
export function firstMediaIn(recordingsDir: string): Promise<number> {
  const known = new Set(entriesOf(recordingsDir));
  return until(() =>
    entriesOf(recordingsDir)
      .filter((name) => !known.has(name))
      .some((name) => hasMedia(path.join(recordingsDir, name, "capture"))),
  );
}

/** The same for a single file: the moment it holds anything. */
export function firstByteOf(file: string): Promise<number> {
  return until(() => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

function hasMedia(captureDir: string): boolean {
  return entriesOf(captureDir)
    .filter((name) => /\.(webm|mkv)$/.test(name))
    .some((name) => readFileSync(path.join(captureDir, name)).includes(clusterMark));
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function until(holds: () => boolean): Promise<number> {
  const deadline = performance.now() + patienceMs;
  return new Promise((resolve, reject) => {
    const look = () => {
      const now = performance.now();
      if (holds()) return resolve(performance.now());
      if (now > deadline) return reject(new Error("nothing was written"));
      setTimeout(look, pollMs);
    };
    look();
  });
}
