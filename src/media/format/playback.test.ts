import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock } from "../../../test/media/support/captureClock.ts";
import { silentLog } from "../../core/log.ts";
import { createCaptureReader } from "./captureReader.ts";
import { loadPlayback, NotSealedError, playbackOf } from "./playback.ts";
import { MediaClock } from "./time/mediaClock.ts";
import type { Timeline } from "./timeline/timeline.ts";
import { CaptureWriter } from "./write/captureWriter.ts";

let root: string;
let dir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "playback-"));
  dir = join(root, "capture");
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function capture(): Promise<CaptureWriter> {
  const clock = new ManualClock();
  const start = { recordingId: "r", roomId: "m", maxDurationMs: 3_600_000 };
  const writer = await CaptureWriter.create(dir, start, { clock, log: silentLog });
  writer.participant("p1", "Ada");
  const track = writer.track({
    ...{ participant: "p1", kind: "audio", codec: "opus", clockRate: 48_000, ssrc: 1 },
  });
  track.first(0);
  for (let ms = 0; ms < 2000; ms += 20)
    track.frame({ data: Buffer.from("f8fffe", "hex"), ms, key: true });
  writer.level(track.id, -20);
  clock.advance(2000);
  return writer;
}

it("tells who was there, their tracks and when they spoke, and keeps that beside the capture", async () => {
  await (await capture()).seal("stopped");
  const playback = await loadPlayback(dir);
  expect(playback).toMatchObject({
    durationMs: 2000,
    participants: [{ id: "p1", name: "Ada" }],
    tracks: [{ trackId: "track0001", kind: "audio", file: "track0001-audio.webm", startMs: 0 }],
    speakers: [{ atMs: 0, participantId: "p1" }],
  });
  expect(JSON.parse(await readFile(join(dir, "playback.json"), "utf8"))).toMatchObject({
    playback,
  });
  await writeFile(join(dir, "playback.json"), "{torn");
  expect(await loadPlayback(dir)).toEqual(playback);
});

it("does not exist before the capture is sealed, and does afterwards", async () => {
  const writer = await capture();
  const reader = createCaptureReader();
  await expect(reader.playback(dir)).rejects.toBeInstanceOf(NotSealedError);
  await writer.seal("stopped");
  expect((await reader.playback(dir)).tracks).toHaveLength(1);
  expect(await reader.track(dir, "track0001")).toMatchObject({ sizeBytes: expect.any(Number) });
  expect(await reader.track(dir, "track0009")).toBeUndefined();
});

it("plays what there is when the file of a track is lost or not ours", async () => {
  await (await capture()).seal("stopped");
  await rm(join(dir, "track0001-audio.webm"));
  const reader = createCaptureReader();
  expect((await reader.playback(dir)).tracks).toHaveLength(1);
  expect(await reader.track(dir, "track0001")).toBeUndefined();
  await writeFile(join(dir, "track0001-audio.webm"), "something else");
  expect(await reader.track(dir, "track0001")).toBeUndefined();
});

it("thins a clock out to what matters", () => {
  const points = Array.from({ length: 1800 }, (_, index) => ({
    mediaMs: index * 2000,
    // Jitter of a millisecond, and a step half way.
    atMs: index * 2000 * 1.00005 + (index % 2) + (index >= 900 ? 80 : 0),
  }));
  const full = new MediaClock(points);
  const track = {
    ...{ id: "track0001", participant: "p1", kind: "audio", codec: "opus" },
    ...{ path: "/x/track0001-audio.webm", startMs: 0, endMs: 3_600_000, clock: full },
  };
  const timeline = {
    ...{ startedAt: 0, durationMs: 3_600_000, speakers: [], gaps: [], pauses: [], problems: [] },
    participants: [{ id: "p1", name: "Ada", presence: [], off: [], tracks: [track] }],
  } as unknown as Timeline;
  const [thin] = playbackOf(timeline).tracks;
  expect(thin?.clock.length).toBeLessThan(12);
  const clock = new MediaClock(thin?.clock ?? []);
  for (const { mediaMs } of points)
    expect(Math.abs(clock.at(mediaMs) - full.at(mediaMs))).toBeLessThan(4);
});
