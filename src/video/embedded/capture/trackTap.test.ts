import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../../test/media/support/captureClock.ts";
import { video } from "../../../../test/support/rtpPackets.ts";
import { silentLog } from "../../../core/log.ts";
import { CaptureWriter } from "../../../media/format/captureWriter.ts";
import { TrackReceiver } from "../rooms/trackReceiver.ts";
import { TrackTap } from "./trackTap.ts";

let dir: string;
let clock: ManualClock;
let writer: CaptureWriter;
let tap: TrackTap;

beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), "connvo-tap-")), "capture");
  clock = new ManualClock();
  const start = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 60_000 };
  writer = await CaptureWriter.create(dir, start, { clock, log: silentLog });
  writer.participant("ann", "Ann");
  tap = new TrackTap({
    ...{ writer, participantId: "ann", source: "camera", now: () => clock.now() },
    receiver: new TrackReceiver(video, 1, () => undefined, { arrived: () => undefined }),
    ...{ isOn: () => true, overloaded: () => false, onRefused: () => undefined },
  });
});
afterEach(() => rm(join(dir, ".."), { recursive: true, force: true }));

const megabyte = 1024 * 1024;
const frame = (timestamp: number) =>
  tap.frame({
    ...{ timestamp, rtp: timestamp >>> 0, arrivedAt: clock.now(), key: true },
    ...{ width: 640, height: 360, data: Buffer.alloc(megabyte) },
  });

test("holds no more than some frames of a sender whose times make no sense", () => {
  for (let index = 0; index < 40; index++) {
    clock.advance(10);
    frame(index === 0 ? 0 : index * 900 + (index % 2) * 90_000_000 - (index % 3) * 40_000_000);
    const pending = (index + 1) * megabyte - writer.bytes;
    expect(pending).toBeLessThan(10 * megabyte);
  }
  tap.end("left");
});

test("notes no more than five of a flood of sender reports a second", async () => {
  frame(0);
  for (let index = 0; index < 2000; index++) {
    clock.advance(1);
    tap.senderReport(clock.now(), index * 90);
  }
  tap.end("left");
  await writer.seal("stopped");
  const log = await readFile(join(dir, "events.jsonl"), "utf8");
  expect(log.match(/"senderReport"/g)?.length).toBeLessThanOrEqual(11);
});

test("a sender whose times jump again and again begins few pieces, and keeps what it sent", async () => {
  for (let index = 0; index < 15_000; index++) {
    clock.advance(20);
    const jumped = Math.floor(index / 20) * 9_000_000;
    tap.frame({
      ...{ timestamp: index * 1800 + jumped, rtp: index, arrivedAt: clock.now(), key: true },
      ...{ width: 640, height: 360, data: Buffer.alloc(3) },
    });
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  tap.end("left");
  await writer.seal("stopped");
  const log = await readFile(join(dir, "events.jsonl"), "utf8");
  const pieces = log.match(/"type":"piece"/g)?.length ?? 0;
  expect(pieces).toBeGreaterThan(100);
  expect(pieces).toBeLessThanOrEqual(200 + 150);
  expect(log.match(/"type":"track"/g)).toHaveLength(1);
  const end = /"type":"trackEnd".*"endMs":(\d+)/.exec(log)?.[1];
  expect(Math.abs(Number(end) - 300_000)).toBeLessThan(1000);
});
