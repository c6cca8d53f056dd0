import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createCaptureReader } from "../../../src/media/format/captureReader.ts";
import { describeCapture, sealCapture } from "../../../src/media/format/describe.ts";
import { NotACaptureError } from "../../../src/media/format/log/captureFolder.ts";
import { loadTimeline } from "../../../src/media/format/timeline/timeline.ts";
import { ManualClock } from "../../media/support/captureClock.ts";
import type { FuzzTarget } from "../target.ts";
import { playPackets, recordingFolder } from "./room.ts";

/** A capture's log and its track files, one of which is damaged in each input. */
export async function captureFiles(): Promise<FuzzTarget> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "connvo-fuzz-"));
  const whole = path.join(scratch, "whole");
  const corpus: Buffer[] = [];
  try {
    await playPackets(whole);
    const dir = recordingFolder(whole);
    const names = (await readdir(dir)).sort();
    for (const [index, name] of names.entries())
      corpus.push(Buffer.concat([Buffer.of(index), await readFile(path.join(dir, name))]));
    const files = await Promise.all(
      names.map(async (name) => ({ name, bytes: await readFile(path.join(dir, name)) })),
    );
    return { name: "capture", corpus, open: async () => opened(files) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface CaptureFile {
  name: string;
  bytes: Buffer;
}

async function opened(files: readonly CaptureFile[]) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "connvo-fuzz-"));
  let count = 0;
  return {
    run: async (input: Buffer) => {
      const dir = await mkdtemp(path.join(scratch, `${++count}-`));
      try {
        const damaged = files[(input[0] ?? 0) % files.length]?.name;
        for (const { name, bytes } of files)
          await writeFile(path.join(dir, name), name === damaged ? input.subarray(1) : bytes);
        await readCapture(dir);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    close: () => rm(scratch, { recursive: true, force: true }),
  };
}

/** All that a server does with a capture's folder. */
async function readCapture(dir: string): Promise<void> {
  try {
    const { durationMs } = await loadTimeline(dir);
    if (!Number.isFinite(durationMs) || durationMs < 0)
      throw new Error(`a timeline of ${durationMs} ms`);
    await describeCapture(dir);
    await sealCapture(dir, "fuzzed", new ManualClock());
    const reader = createCaptureReader();
    const { tracks } = await reader.playback(dir);
    for (const { trackId } of tracks) {
      const content = await reader.track(dir, trackId);
      if (!content) continue;
      let bytes = 0;
      for await (const part of content.read({ start: 0, end: content.sizeBytes - 1 }))
        bytes += part.length;
      if (bytes !== content.sizeBytes)
        throw new Error("a track is not as long as it is said to be");
    }
  } catch (error) {
    if (!(error instanceof NotACaptureError)) throw error;
  }
}
