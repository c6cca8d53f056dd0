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
let pictureOn: boolean;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "connvo-room-capture-"));
  clock = new ManualClock();
  pictureOn = true;
  const dir = join(root, "capture");
  const target = { recordingId: "recording_1", roomId: "room_1", maxDurationMs: 60_000, dir };
  const writer = await CaptureWriter.create(dir, target, { clock, log: silentLog });
  capture = new RoomCapture(target, writer, {
    now: () => clock.now(),
    mediaOf: (_room, _user, source) => ({ source, audio: true, video: pictureOn }),
  });
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

test("a picture that its publisher says is off is off from then on, however often that is said", async () => {
  receive(vp8(1, true));
  clock.advance(1000);
  capture.tick();
  pictureOn = false;
  for (let ms = 0; ms < 2000; ms += 40) {
    clock.advance(40);
    capture.tick();
  }
  pictureOn = true;
  capture.tick();
  receive(vp8(2, true));
  clock.advance(500);
  await capture.seal("stopped");
  const { participants } = await loadTimeline(capture.target.dir);
  expect(participants[0]?.off).toEqual([{ fromMs: 1040, toMs: 3000 }]);
});

test("tells that pictures came of which nothing could be stored", async () => {
  for (let sequence = 1; sequence <= 100; sequence++) {
    clock.advance(40);
    receive(vp8(sequence, false));
  }
  await capture.seal("stopped");
  const { problems, hasMedia } = await describeCapture(capture.target.dir);
  expect(hasMedia).toBe(false);
  expect(problems).toMatchObject([
    { code: "not_stored", participantName: "Ann", kind: "video", packets: 100, receivedMs: 2500 },
  ]);
});

test("tells how much of what came could not be stored, and nothing where all is", async () => {
  for (let sequence = 1; sequence <= 200; sequence++) {
    clock.advance(40);
    // 100 is lost, and the next keyframe is 60 pictures away.
    if (sequence !== 100) receive(vp8(sequence, sequence === 1 || sequence === 160));
    receiver.tick(clock.now());
  }
  await capture.seal("stopped");
  const { problems } = await describeCapture(capture.target.dir);
  expect(problems).toMatchObject([
    { code: "partly_stored", trackId: "track0001", lost: 1, receivedMs: 6600 },
  ]);
  const [{ storedMs = 0 } = {}] = problems;
  expect(storedMs).toBeGreaterThan(4500);
  expect(storedMs).toBeLessThan(5000);
});
