import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ManualClock } from "../../../../test/media/support/captureClock.ts";
import { patience, takeTime } from "../../../../test/support/patience.ts";
import { silentLog } from "../../../core/log.ts";
import { CaptureSealedError, NotACaptureError } from "../log/captureFolder.ts";
import { readEvents } from "../log/eventLog.ts";
import type { CaptureEvent } from "../log/events.ts";
import { AppendFile } from "./appendFile.ts";
import { CaptureWriter } from "./captureWriter.ts";

const start = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 3_600_000 };
const video = {
  participant: "p1",
  kind: "video",
  codec: "VP8",
  clockRate: 90_000,
  ssrc: 7,
} as const;
const audio = {
  participant: "p1",
  kind: "audio",
  codec: "opus",
  clockRate: 48_000,
  ssrc: 8,
} as const;
const keyframe = { data: Buffer.alloc(100, 1), ms: 0, key: true, width: 640, height: 360 };

/** Every Matroska file begins so. */
const ebmlMagic = 0x1a45dfa3;

takeTime();

let root: string;
let dir: string;
let clock: ManualClock;
const deps = () => ({ clock, log: silentLog });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "capture-"));
  dir = join(root, "recordings", "one");
  clock = new ManualClock();
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function events(): Promise<CaptureEvent[]> {
  const found: CaptureEvent[] = [];
  for await (const event of readEvents(dir)) found.push(event);
  return found;
}

const types = async () => (await events()).map((event) => event.type);

describe("CaptureWriter", () => {
  it("has its start on the disk before create resolves", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    expect(await events()).toMatchObject([{ type: "captureStart", t: clock.now(), ...start }]);
    await writer.suspend();
  });

  it("refuses a folder that exists", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    await expect(CaptureWriter.create(dir, start, deps())).rejects.toThrow("EEXIST");
    await writer.suspend();
  });

  it("writes frames and events within a flush, without anyone closing it", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    const track = writer.track(video);
    track.first(1234);
    track.frame(keyframe);
    clock.advance(200);
    await vi.waitFor(async () => {
      expect((await stat(join(dir, "track0001-video.webm"))).size).toBeGreaterThan(100);
      expect(await types()).toEqual(["captureStart", "track", "first", "resolution"]);
    }, patience);
    expect(writer.queuedBytes).toBe(0);
    await writer.suspend();
  });

  it("tells nothing in the log before the media up to then is written, however slow the disk is", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    let written: () => void = () => undefined;
    const disk = new Promise<void>((resolve) => {
      written = resolve;
    });
    const { append, flush } = AppendFile.prototype;
    let media: AppendFile | undefined;
    vi.spyOn(AppendFile.prototype, "append").mockImplementation(function (
      this: AppendFile,
      ...parts
    ) {
      const startsFile = parts[0]?.readUInt32BE(0) === ebmlMagic;
      if (startsFile) media = this;
      append.apply(this, parts);
    });
    const slow = vi.spyOn(AppendFile.prototype, "flush").mockImplementation(async function (
      this: AppendFile,
    ) {
      if (this === media) await disk;
      await flush.call(this);
    });
    try {
      writer.track(video).frame(keyframe);
      clock.advance(200);
      await vi.waitFor(() => expect(slow).toHaveBeenCalled(), patience);
      writer.participant("p2", "Grace");
      clock.advance(200);
      for (let turn = 0; turn < 20; turn++) await types();
      expect(await types()).toEqual(["captureStart"]);
      written();
      await vi.waitFor(
        async () =>
          expect(await types()).toEqual(["captureStart", "track", "resolution", "participant"]),
        patience,
      );
    } finally {
      vi.restoreAllMocks();
    }
    await writer.seal("stopped");
  });

  it("gives a sign of life every 500 ms", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    for (let ms = 0; ms < 2000; ms += 100) {
      clock.advance(100);
      await Promise.resolve();
      await Promise.resolve();
    }
    await writer.seal("stopped");
    const alive = (await types()).filter((type) => type === "alive").length;
    expect(alive).toBeGreaterThanOrEqual(3);
    expect(alive).toBeLessThanOrEqual(4);
  });

  it("drops video before the first keyframe of known size, and H.264 without its private data", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    const vp8 = writer.track(video);
    vp8.frame({ ...keyframe, key: false });
    vp8.frame({ data: keyframe.data, ms: 1, key: true });
    const h264 = writer.track({ ...video, codec: "H264" });
    h264.frame(keyframe);
    await writer.seal("stopped");
    expect((await stat(join(dir, "track0001-video.webm"))).size).toBe(0);
    expect((await stat(join(dir, "track0002-video.mkv"))).size).toBe(0);
  });

  it("names a change of resolution once", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    const track = writer.track(video);
    track.frame(keyframe);
    track.frame({ ...keyframe, ms: 1000 });
    track.frame({ ...keyframe, ms: 2000, width: 320, height: 180 });
    await writer.seal("stopped");
    const sizes = (await events()).filter((event) => event.type === "resolution");
    expect(sizes).toMatchObject([
      { atMs: 0, width: 640 },
      { atMs: 2000, width: 320, height: 180 },
    ]);
  });

  it("seals: ends open tracks, then stops; a repeat is free and nothing is added later", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    writer.participant("p1", "Ada");
    const track = writer.track(audio);
    track.frame({ data: Buffer.alloc(10), ms: 40, key: true });
    await Promise.all([writer.seal("stopped"), writer.seal("again")]);
    track.frame({ data: Buffer.alloc(10), ms: 60, key: true });
    writer.level(track.id, -20);
    await writer.seal("late");
    const log = await events();
    expect(log.map((event) => event.type)).toEqual([
      ...["captureStart", "participant", "track", "trackEnd", "captureStop"],
    ]);
    expect(log.at(-1)).toMatchObject({ reason: "stopped" });
    expect(log.at(-2)).toMatchObject({ endMs: 40, reason: "stopped" });
    const sizes = await Promise.all(
      ["events.jsonl", "track0001-audio.webm"].map((name) => stat(join(dir, name))),
    );
    expect(writer.bytes).toBeLessThanOrEqual(sizes.reduce((sum, { size }) => sum + size, 0));
  });

  it("keeps the statistics of a track that ended by itself, and its file is whole after seal", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    const track = writer.track(audio);
    track.frame({ data: Buffer.alloc(50_000, 3), ms: 0, key: true });
    track.end("muted", { packets: 12, lost: 1 });
    track.end("twice", { packets: 0, lost: 0 });
    const expected = writer.bytes;
    await writer.seal("stopped");
    const ends = (await events()).filter((event) => event.type === "trackEnd");
    expect(ends).toMatchObject([{ reason: "muted", packets: 12, lost: 1 }]);
    expect((await stat(join(dir, "track0001-audio.webm"))).size).toBe(ends[0]?.bytes);
    expect(expected).toBeGreaterThan(50_000);
  });

  it("never lets time go back in the log", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    clock.advance(1000);
    writer.participant("p1", "Ada");
    clock.advance(-800);
    writer.participant("p2", "Bob");
    await writer.seal("stopped");
    const times = (await events()).map((event) => event.t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("resumes a suspended capture with new track files", async () => {
    const first = await CaptureWriter.create(dir, start, deps());
    first.track(audio);
    await first.suspend();
    clock.advance(3000);
    const second = await CaptureWriter.recover(dir, deps());
    expect(second.startedAt).toBe(first.startedAt);
    expect(second.track(audio).id).toBe("track0002");
    await second.seal("stopped");
    expect(await types()).toEqual([
      ...["captureStart", "track", "alive", "captureResume", "track", "trackEnd", "captureStop"],
    ]);
  });

  it("resumes after a death in the middle of a line", async () => {
    const first = await CaptureWriter.create(dir, start, deps());
    await first.suspend();
    await appendFile(join(dir, "events.jsonl"), '{"type":"level","t":17000');
    const second = await CaptureWriter.recover(dir, deps());
    await second.seal("stopped");
    expect(await readFile(join(dir, "events.jsonl"), "utf8")).not.toContain('17000{"');
    expect(await types()).toEqual(["captureStart", "alive", "captureResume", "captureStop"]);
  });

  it("ends its tracks at a pause, durably, and begins new ones after it; repeats change nothing", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    writer.track(audio);
    await writer.pause();
    expect(writer.pausedAt).toBe(clock.now());
    const paused = ["captureStart", "track", "trackEnd", "pause"];
    expect(await types()).toEqual(paused);
    await writer.pause();
    clock.advance(400);
    await Promise.all([writer.resume(), writer.resume()]);
    expect(writer.pausedAt).toBeUndefined();
    expect(await types()).toEqual([...paused, "resume"]);
    expect(writer.track(audio).id).toBe("track0002");
    await writer.seal("stopped");
  });

  it("is still paused after another process took it over", async () => {
    const first = await CaptureWriter.create(dir, start, deps());
    await first.pause();
    const pausedAt = clock.now();
    await first.suspend();
    clock.advance(60_000);
    const second = await CaptureWriter.recover(dir, deps());
    expect(second.pausedAt).toBe(pausedAt);
    await second.resume();
    await second.suspend();
    const third = await CaptureWriter.recover(dir, deps());
    expect(third.pausedAt).toBeUndefined();
    await third.seal("stopped");
  });

  it("does not resume what is sealed, absent or not a capture", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    await writer.seal("stopped");
    await expect(CaptureWriter.recover(dir, deps())).rejects.toThrow(CaptureSealedError);
    await expect(CaptureWriter.recover(join(root, "none"), deps())).rejects.toThrow("ENOENT");
    await appendFile(join(root, "events.jsonl"), "garbage\n");
    await expect(CaptureWriter.recover(root, deps())).rejects.toThrow(NotACaptureError);
  });

  it("reports the first write error once, and seal rejects with it", async () => {
    const writer = await CaptureWriter.create(dir, start, deps());
    const failures: string[] = [];
    writer.onFailure((error) => failures.push(error.message));
    await rm(dir, { recursive: true });
    writer.track(audio);
    writer.track(video);
    await vi.waitFor(() => expect(failures).toHaveLength(1), patience);
    await expect(writer.seal("stopped")).rejects.toThrow("ENOENT");
    expect(failures).toHaveLength(1);
  });
});
