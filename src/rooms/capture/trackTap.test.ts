import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../test/media/support/captureClock.ts";
import { video } from "../../../test/support/rtpPackets.ts";
import { silentLog } from "../../core/log.ts";
import { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import { TrackReceiver } from "../publish/trackReceiver.ts";
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

test("a report that came before a pause was understood tells of the time before it", async () => {
  const send = (timestampMs: number) =>
    tap.frame({
      ...{ timestamp: timestampMs * 90, rtp: timestampMs * 90, arrivedAt: clock.now(), key: true },
      ...{ width: 640, height: 360, data: Buffer.alloc(3) },
    });
  const began = clock.now();
  const advanceTo = (ms: number) => clock.advance(began + ms - clock.now());
  for (let ms = 0; ms < 2000; ms += 40) {
    advanceTo(ms);
    send(ms);
  }
  // A network stands still; meanwhile the sender pauses, and its time with it, but for what its reports say.
  advanceTo(5000);
  for (let ms = 2000; ms <= 2400; ms += 40) send(ms);
  tap.senderReport(1_000_000 + 5000, 5000 * 90);
  for (let ms = 6000; ms < 7000; ms += 40) {
    advanceTo(ms);
    send(ms - 3560);
  }
  tap.end("left");
  await writer.seal("stopped");
  const lines = (await readFile(join(dir, "events.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  const told = events.filter(({ type }) => type === "senderReport" || type === "piece");
  expect(told.map(({ type }) => type)).toEqual(["senderReport", "piece"]);
  expect(told[0].rtp / 90 - told[0].ntp).toBeCloseTo(-1_000_000, 0);
  expect(told[1].atMs).toBeCloseTo(6000, 0);
});
