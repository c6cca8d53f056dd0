import { appendFile, mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../test/media/support/captureClock.ts";
import { silentLog } from "../../core/log.ts";
import { describeCapture, sealCapture } from "./describe.ts";
import { NotACaptureError } from "./log/captureFolder.ts";
import { parseEvent } from "./log/eventLog.ts";
import { lastFrameMs } from "./track/trackBlocks.ts";
import { CaptureWriter } from "./write/captureWriter.ts";

let root: string;
let dir: string;
let clock: ManualClock;
const deps = () => ({ clock, log: silentLog });

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "describe-"));
  dir = join(root, "capture");
  clock = new ManualClock();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const opus = {
  participant: "p1",
  kind: "audio",
  codec: "opus",
  clockRate: 48_000,
  ssrc: 1,
} as const;

/** Twelve seconds of sound, then the process is gone. */
async function abandoned(): Promise<void> {
  const start = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 1 };
  const writer = await CaptureWriter.create(dir, start, deps());
  writer.participant("p1", "Ada");
  const track = writer.track(opus);
  track.first(0);
  for (let ms = 0; ms < 12_000; ms += 20) track.frame({ data: Buffer.alloc(60, 7), ms, key: true });
  clock.advance(12_000);
  await writer.suspend();
}

describe("describeCapture", () => {
  it("tells of an unsealed capture what can be known from its files", async () => {
    await abandoned();
    const found = await describeCapture(dir);
    expect(found).toMatchObject({ sealed: false, hasMedia: true, stopReason: undefined });
    expect(found.stoppedAt - found.startedAt).toBe(12_000);
    const { size } = await stat(join(dir, "track0001-audio.webm"));
    const track = { trackId: "track0001", participantId: "p1", participantName: "Ada" };
    expect(found.tracks).toEqual([
      {
        ...track,
        source: "camera",
        kind: "audio",
        codec: "opus",
        startMs: 0,
        endMs: 12_000,
        sizeBytes: size,
      },
    ]);
  });

  it("has no media when nobody published", async () => {
    const start = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 1 };
    const writer = await CaptureWriter.create(dir, start, deps());
    clock.advance(5000);
    await writer.seal("nobody");
    const found = await describeCapture(dir);
    expect(found).toMatchObject({
      sealed: true,
      hasMedia: false,
      stopReason: "nobody",
      tracks: [],
    });
  });

  it("survives a lost track file", async () => {
    await abandoned();
    await rm(join(dir, "track0001-audio.webm"));
    expect(await describeCapture(dir)).toMatchObject({ hasMedia: false, tracks: [] });
  });

  it("refuses what is no capture", async () => {
    await expect(describeCapture(dir)).rejects.toThrow("ENOENT");
    await writeFile(join(root, "events.jsonl"), '{"type":"alive","t":1}\nnonsense\n');
    await expect(describeCapture(root)).rejects.toThrow(NotACaptureError);
  });
});

describe("sealCapture", () => {
  it("ends an orphan at its last sign of life, however late it is sealed", async () => {
    await abandoned();
    await appendFile(join(dir, "events.jsonl"), '{"type":"alive","t":1700');
    clock.advance(3_600_000);
    await sealCapture(dir, "recorder_died", clock);
    const found = await describeCapture(dir);
    expect(found).toMatchObject({ sealed: true, stopReason: "recorder_died" });
    expect(found.stoppedAt - found.startedAt).toBe(12_000);
  });

  it("leaves a sealed capture as it is", async () => {
    await abandoned();
    await sealCapture(dir, "first", clock);
    await sealCapture(dir, "second", clock);
    expect((await describeCapture(dir)).stopReason).toBe("first");
  });
});

describe("lastFrameMs", () => {
  it("finds the last whole frame wherever the file was cut", async () => {
    await abandoned();
    const file = join(dir, "track0001-audio.webm");
    const { size } = await stat(file);
    expect(await lastFrameMs(file)).toBe(11_980);
    for (const cut of [1, 72, 74, 500, 9000, 20_000]) {
      await truncate(file, size - cut);
      const last = await lastFrameMs(file);
      expect(last).toBeLessThan(11_980);
      expect(last).toBeGreaterThanOrEqual(11_980 - 20 * Math.ceil(cut / 60 + 1));
    }
    await truncate(file, 100);
    expect(await lastFrameMs(file)).toBeUndefined();
  });
});

describe("parseEvent", () => {
  const track = {
    ...{ type: "track", t: 1, track: "t", participant: "p", kind: "audio", codec: "opus" },
    ...{ clockRate: 48_000, ssrc: 1 },
  };

  it.each([
    ...["", "{", "null", "[]", '"text"', '{"type":"alive"}', '{"type":"alive","t":"1"}'],
    ...[
      '{"type":"nothing","t":1}',
      '{"type":"__proto__","t":1}',
      '{"type":"first","t":1,"track":"x"}',
    ],
    ...["../../etc/passwd", "..", "a/b.webm", "a\\b.webm", ""].map((file) =>
      JSON.stringify({ ...track, file }),
    ),
  ])("ignores %s", (line) => {
    expect(parseEvent(line)).toBeUndefined();
  });

  it("reads whole events", () => {
    expect(parseEvent(JSON.stringify({ ...track, file: "a.webm" }))).toMatchObject({
      file: "a.webm",
    });
  });
});
