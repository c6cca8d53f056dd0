import path from "node:path";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { CaptureWriter } from "../../src/media/format/write/captureWriter.ts";
import { Frame } from "../../src/media/render/decode/nodeAv.ts";
import { TrackDecoder } from "../../src/media/render/decode/trackDecoder.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { ManualClock } from "./support/captureClock.ts";
import { loop } from "./support/captureFixtures.ts";

const megabyte = 2 ** 20;

/** A file of key pictures, all but the first as large as VP8 can tell; returns its path. */
async function trackOf(size: { width: number; height: number }, key: Buffer): Promise<string> {
  const dir = path.join(await scratchFolder("connvo-media-"), "capture");
  const start = { recordingId: "r", roomId: "r", maxDurationMs: 60_000 };
  const writer = await CaptureWriter.create(dir, start, {
    ...{ clock: new ManualClock(), log: silentLog },
  });
  const track = { participant: "ann", kind: "video", codec: "VP8" } as const;
  const file = writer.track({ ...track, clockRate: 90_000, ssrc: 1 });
  const huge = Buffer.from(key);
  huge.writeUInt16LE(16_000, 6);
  huge.writeUInt16LE(16_000, 8);
  for (const [index, data] of [key, huge, huge, key].entries())
    file.frame({ data, ms: index * 40, key: true, ...size });
  await writer.seal("stopped");
  return path.join(dir, "track0001-video.webm");
}

async function keyPicture(): Promise<Buffer> {
  const { video } = await loop(0);
  const key = video.find((frame) => frame.key);
  if (!key) throw new Error("no key picture");
  return Buffer.from(key.data);
}

it("no picture is decoded that is too large, and those around it are", async () => {
  const file = await trackOf({ width: 640, height: 360 }, await keyPicture());
  const decoder = new TrackDecoder(file, 1);
  const frame = new Frame();
  frame.alloc();
  const before = process.memoryUsage.rss();
  const widths: number[] = [];
  while (decoder.next(frame)) widths.push(frame.width);
  const taken = process.memoryUsage.rss() - before;
  decoder.close();
  frame.free();
  expect(widths).toHaveLength(2);
  expect(Math.max(...widths)).toBeLessThan(2000);
  expect(taken).toBeLessThan(200 * megabyte);
});

it("a track that begins with such pictures is refused in words", async () => {
  const file = await trackOf({ width: 16_000, height: 16_000 }, await keyPicture());
  expect(() => new TrackDecoder(file, 1)).toThrow("16000 × 16000 px are too large");
});
