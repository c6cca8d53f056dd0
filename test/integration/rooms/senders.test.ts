import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeCapture } from "../../../src/media/format/describe.ts";
import { soundOf } from "../../media/senders/content.ts";
import { expectedOf } from "../../media/senders/judging/expected.ts";
import { judge, judgeTold } from "../../media/senders/judging/judge.ts";
import { toldOf } from "../../media/senders/judging/told.ts";
import { fileViews, trackViews } from "../../media/senders/judging/views.ts";
import { namedSessions } from "../../media/senders/named.ts";
import type { SenderScript, SessionScript } from "../../media/senders/script.ts";
import { VirtualTime } from "../../media/senders/virtualTime.ts";
import { takeTime } from "../../support/patience.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";
import { WireSender } from "../support/wireSender.ts";

takeTime();

/** Each is the fault of one sender; all of them are in one room at once. */
const names = [
  "a mute of 8 s without a gap in RTP",
  "jitter, reordering and duplicates",
  "RTP of both jumps by -5 s",
  "other sources after 0.8 s",
  "a picture every 5 s",
  "a key frame every 10 s, requests ignored",
  "3 % loss without NACK",
  "parameter sets with a marker, then another size",
];

const lengthMs = 16_500;
const recordFromMs = 3000;
/** How often what is due is sent, ms. */
const stepMs = 5;
/** Loopback, and processes that wait for a core, ms. */
const slowMachineMs = 70;

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());

const userOf = (participant: number) => `user${participant}`;

function senderScripts(): SenderScript[] {
  return names.map((name, participant) => {
    const sender = namedSessions.find((session) => session.name === name)?.senders[0];
    if (!sender) throw new Error(`no session is called ${name}`);
    return { ...sender, participant };
  });
}

/** Sends what is due until `endMs`; returns how late something was at most, ms. */
async function runInRealTime(time: VirtualTime, zero: number, endMs: number): Promise<number> {
  let latestMs = 0;
  for (let nowMs = 0; nowMs < endMs; ) {
    await new Promise((resolve) => setTimeout(resolve, stepMs));
    nowMs = Math.min(endMs, performance.now() - zero);
    latestMs = Math.max(latestMs, nowMs - time.nowMs);
    await time.run(nowMs);
  }
  return latestMs;
}

interface Recorded {
  captureDir: string;
  session: SessionScript;
  wires: WireSender[];
  lateMs: number;
}

/** Everybody publishes over a real transport and is recorded. */
async function record(rooms: RoomHarness): Promise<Recorded> {
  const provider = await rooms.started();
  const time = new VirtualTime();
  const wires = senderScripts().map((script) => new WireSender(script, time, lengthMs));
  for (const [index, wire] of wires.entries()) {
    const grant = await rooms.grant(provider, userOf(index));
    await wire.publish(async (offer) => (await provider.publish(grant, offer)).answer);
  }
  const request = {
    ...{ recordingId: "recording_1", roomId: rooms.roomId, meetingId: rooms.meetingId },
    config: { quality: "360p", layout: "grid", audioOnly: false } as const,
    maxDurationMs: 600_000,
  };
  // Encoding takes a while and would hold up what is due.
  for (const index of names.keys()) soundOf(index);
  const zero = performance.now();
  const epochZero = Date.now();
  for (const { sender } of wires) sender.begin();
  let started: Promise<unknown> = Promise.resolve();
  time.at(recordFromMs, () => {
    started = provider.startRecording(request);
  });
  const lateMs = await runInRealTime(time, zero, lengthMs);
  await started;
  await rooms.seal(provider, request);
  const captureDir = rooms.captureDir(request.recordingId);
  for (const wire of wires) wire.stop();
  const { startedAt, durationMs } = await describeCapture(captureDir);
  const fromMs = startedAt - epochZero;
  const recording = { fromMs, toMs: fromMs + durationMs, pauses: [] };
  const senders = wires.map(({ sender }) => sender.script);
  const session = { seed: 0, name: "", lengthMs, recording, wallSteps: [], senders };
  return { captureDir, session, wires, lateMs };
}

/** Senders that stood still for longer have sent something else than their scripts say, ms. */
const mostLateMs = 200;
const mostSessions = 6;

/** The first session in which everything was sent when it was due. */
async function recordInTime(session: () => Promise<Recorded>): Promise<Recorded> {
  const late: number[] = [];
  while (late.length < mostSessions) {
    const recorded = await session();
    if (recorded.lateMs <= mostLateMs) return recorded;
    late.push(Math.round(recorded.lateMs));
  }
  throw new Error(`in none of ${mostSessions} sessions the senders kept time; ms late: ${late}`);
}

/** What is wrong with the tile and the tracks of each sender. */
async function findingsOf({ captureDir, session, wires, lateMs }: Recorded): Promise<string[]> {
  const told = toldOf(await describeCapture(captureDir));
  const files = await fileViews(captureDir, [...names.keys()]);
  const found: string[] = [];
  for (const [index, { sender }] of wires.entries()) {
    const name = names[index] ?? "";
    const expected = expectedOf(session, sender);
    expected.toleranceMs += slowMachineMs + (expected.byArrival ? lateMs : 0);
    const views = await trackViews(captureDir, userOf(index), index);
    // Where a track begins by itself is judged where time is virtual: here what was sent before the start may arrive after it.
    const player = views.filter((view) => view.name === "player");
    // In the file everybody's sound is mixed: whose it is, is heard in the tracks.
    const tile = files.slice(index, index + 1).map((one) => ({ ...one, beeps: [], noises: [] }));
    const findings = [
      ...tile.flatMap((view) => judge({ ...expected, beeps: [] }, view)),
      ...player.flatMap((view) => judge(expected, view)),
      ...judgeTold(
        expected,
        told.filter(({ participant }) => participant === userOf(index)),
      ),
    ];
    for (const { view, kind, count, of, first } of findings)
      found.push(`${name}: ${view}: ${kind}, ${count} of ${of}: ${first}`);
  }
  return found;
}

describe("senders with different faults in one room", () => {
  it("are all in the recording, in their tiles and tracks", async () => {
    const rooms: RoomHarness[] = [];
    try {
      const recorded = await recordInTime(async () => {
        const harness = await RoomHarness.create(built.entry);
        rooms.push(harness);
        return record(harness);
      });
      expect(await findingsOf(recorded)).toEqual([]);
    } finally {
      await Promise.all(rooms.map((harness) => harness.close()));
    }
  });
});
