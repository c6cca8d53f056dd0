import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../test/media/support/captureClock.ts";
import { senderReport, video, vp8 } from "../../../test/support/rtpPackets.ts";
import { silentLog } from "../../core/log.ts";
import { describeCapture } from "../../media/format/describe.ts";
import { loadTimeline } from "../../media/format/timeline/timeline.ts";
import { CaptureWriter } from "../../media/format/write/captureWriter.ts";
import { TrackReceiver } from "../publish/trackReceiver.ts";
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
    mediaOf: (_user, source) => ({ source, audio: true, video: pictureOn }),
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

const sessionOf = (id: string, userId: string) => ({
  ...{ id, user: { id: userId, name: userId }, source: "camera" as const },
  receivers: ["v", "w"].map(
    (mid) => new TrackReceiver({ ...video, mid }, 1, () => undefined, { arrived: () => undefined }),
  ),
});

test("whoever joins again and again has a share of the tracks, and nobody else has less", async () => {
  for (let join = 0; join < 2000; join++) {
    const session = sessionOf(`again ${join}`, "mallory");
    capture.attach(session);
    // Files are slow: only some of them send.
    for (const one of join % 100 === 0 ? session.receivers : [])
      one.receive(vp8(1, true), clock.now());
    capture.detach(session, "replaced", true);
  }
  const bob = sessionOf("bob", "bob");
  capture.attach(bob);
  for (const one of bob.receivers) one.receive(vp8(1, true), clock.now());
  clock.advance(1000);
  await capture.seal("stopped");
  const { tracks, problems } = await describeCapture(capture.target.dir);
  expect(tracks.filter(({ participantId }) => participantId === "bob")).toHaveLength(2);
  expect(problems).toMatchObject([
    { code: "left_out", participantId: "mallory", kind: "video", packets: expect.any(Number) },
  ]);
  expect(4000 - (problems[0]?.packets ?? 0)).toBeGreaterThan(1000);
  expect(4000 - (problems[0]?.packets ?? 0)).toBeLessThan(2000);
  const log = await readFile(join(capture.target.dir, "events.jsonl"), "utf8");
  expect(log.match(/"participant":"mallory"/g)?.length).toBeLessThan(5 * 1000);
});

test("a share is not renewed when another process goes on", async () => {
  const { dir } = capture.target;
  let writer: CaptureWriter | undefined;
  const admitted = () => {
    let count = 0;
    while (writer?.admit("mallory", 1)) count++;
    return count;
  };
  await capture.suspend();
  writer = await CaptureWriter.recover(dir, { clock, log: silentLog });
  for (let index = 0; index < 40; index++) {
    const track = { participant: "mallory", kind: "audio", codec: "opus" } as const;
    writer.track({ ...track, clockRate: 48_000, ssrc: 1 }).end("left");
  }
  await writer.suspend();
  writer = await CaptureWriter.recover(dir, { clock, log: silentLog });
  const [next, whole] = [admitted(), 16_000 / 9];
  expect(next).toBeGreaterThan(whole - 50);
  expect(next).toBeLessThan(whole - 35);
  await writer.seal("stopped");
});

test("no more of the log is filled by one who floods it than of everybody, and what matters is told", async () => {
  const { dir } = capture.target;
  await capture.suspend();
  const writer = await CaptureWriter.recover(dir, { clock, log: silentLog });
  const before = (await stat(join(dir, "events.jsonl"))).size;
  const track = { kind: "video", codec: "VP8", clockRate: 90_000, ssrc: 1 } as const;
  const [flood, quiet] = ["mallory", "bob"].map((participant) =>
    writer.track({ ...track, participant }),
  );
  for (let index = 0; index < 5000; index++) {
    writer.level(flood?.id ?? "", -(index % 100));
    // Each key picture has another size.
    const size = { width: 16 + (index % 1000), height: 16 };
    flood?.frame({ data: Buffer.of(1), ms: index, key: true, ...size });
  }
  writer.level(quiet?.id ?? "", -20);
  await writer.seal("stopped");
  const log = await readFile(join(dir, "events.jsonl"), "utf8");
  expect(log.length - before).toBeLessThan(80_000);
  expect(log.split("\n").some((line) => line.includes(`"${quiet?.id}","dbov"`))).toBe(true);
  expect(log.match(/"type":"trackEnd"/g)).toHaveLength(2);
});
