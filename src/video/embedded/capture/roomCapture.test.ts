import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../../test/media/support/captureClock.ts";
import { senderReport, video, vp8 } from "../../../../test/support/rtpPackets.ts";
import { silentLog } from "../../../core/log.ts";
import { CaptureWriter } from "../../../media/format/captureWriter.ts";
import { describeCapture } from "../../../media/format/describe.ts";
import { loadTimeline } from "../../../media/format/timeline.ts";
import { TrackReceiver } from "../rooms/trackReceiver.ts";
import { RoomCapture } from "./roomCapture.ts";

let root: string;
let clock: ManualClock;
let capture: RoomCapture;
let receiver: TrackReceiver;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "connvo-room-capture-"));
  clock = new ManualClock();
  const dir = join(root, "capture");
  const target = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 60_000, dir };
  const writer = await CaptureWriter.create(dir, target, { clock, log: silentLog });
  capture = new RoomCapture(target, writer, () => clock.now());
  const nobody = { arrived: () => undefined };
  receiver = new TrackReceiver(video, 1, () => undefined, nobody);
  capture.attach({
    ...{ id: "session_1", user: { id: "ann", name: "Ann" }, source: "camera" },
    receivers: [receiver],
  });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const receive = (packet: Buffer) => receiver.receive(packet, clock.now());

test("a picture that waited for a lost packet until the stop is where it arrived", async () => {
  clock.advance(5000);
  receive(vp8(1, false));
  // 2 was lost on the way.
  receive(vp8(3, true));
  clock.advance(800);
  await capture.seal("stopped");
  const { durationMs, tracks } = await describeCapture(capture.target.dir);
  expect(durationMs).toBe(5800);
  expect(tracks).toMatchObject([{ startMs: 5000, endMs: 5100 }]);
});

test("a report that came while a packet was waited for makes nothing later", async () => {
  clock.advance(5000);
  receive(vp8(30, false));
  receive(vp8(32, true));
  receive(senderReport(5));
  clock.advance(800);
  await capture.seal("stopped");
  const { participants } = await loadTimeline(capture.target.dir);
  const [track] = participants[0]?.tracks ?? [];
  // 90 000 ticks, the report's, are two frames before the first that is kept.
  expect(track?.clock.at(-2 * (1000 / 30))).toBeCloseTo(5000, 0);
});
