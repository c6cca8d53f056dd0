import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { CaptureEvent } from "../../../src/media/format/log/events.ts";
import type { EmbeddedVideoProvider } from "../../../src/video/embedded/provider.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { FloodPublisher } from "../support/floodPublisher.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";

takeTime();

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
let rooms: RoomHarness;
let provider: EmbeddedVideoProvider;
let flood: FloodPublisher | undefined;

beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());
beforeEach(async () => {
  rooms = await RoomHarness.create(built.entry);
  provider = await rooms.started({ maxKbps: 2000 });
});
afterEach(async () => {
  flood?.stop();
  await rooms.close();
});

const packets = 15_000;
const attacked = { roomId: "room_attacked", recordingId: "recording_attacked" };
const quiet = { roomId: "room_1", recordingId: "recording_1" };
const request = (where: typeof quiet) => ({
  ...{ ...where, meetingId: "meeting_1", maxDurationMs: 600_000 },
  config: { quality: "720p", layout: "grid", audioOnly: false } as const,
});
const ofType = async <T extends CaptureEvent["type"]>(recordingId: string, type: T) =>
  (await rooms.events(recordingId)).filter(
    (event): event is Extract<CaptureEvent, { type: T }> => event.type === type,
  );

test("a flood of jumping times, huge pictures and too many bytes leaves another meeting's recording whole", async () => {
  const { publisher } = await rooms.publish(provider, "bob");
  await provider.startRecording(request(quiet));
  await provider.startRecording(request(attacked));
  const { token } = await provider.token({
    ...{ roomId: attacked.roomId, meetingId: "meeting_2", role: "participant" },
    ...{ user: { id: "mallory", name: "Mallory" }, maxParticipants: 8 },
  });
  const verified = await provider.verifyToken(token, attacked.roomId);
  if (!verified.ok) throw verified.error;
  flood = await FloodPublisher.connect(
    async (offer) => (await provider.publish(verified.value, offer)).answer,
  );
  await vi.waitFor(
    async () => expect(await ofType(quiet.recordingId, "first")).toHaveLength(2),
    patience,
  );
  const idle = await provider.stats();
  const before = publisher.sentAt;
  // Sound with times that jump from packet to packet, pictures of 16,000 px a side, and more bytes than one may send.
  await flood.send(packets);
  const flooded = await provider.stats();
  await vi.waitFor(() => expect(publisher.sentAt).toBeGreaterThan(before + 1000), patience);
  const attackedEnd = await rooms.seal(provider, { ...attacked, meetingId: "meeting_1" });
  const stopped = await provider.stats();
  await vi.waitFor(() => expect(publisher.sentAt).toBeGreaterThan(before + 2000), patience);
  await rooms.recorderKeepsUp(quiet.recordingId);
  const end = await rooms.seal(provider, { ...quiet, meetingId: "meeting_1" });

  expect(end.gaps).toEqual([]);
  expect(end.tracks).toHaveLength(2);
  expect(end.problems.filter(({ code }) => code === "left_out")).toEqual([]);
  expect(await ofType(quiet.recordingId, "captureResume")).toEqual([]);

  expect(attackedEnd.tracks.length).toBeLessThanOrEqual(2);
  const pieces = await ofType(attacked.recordingId, "piece");
  expect(pieces.length).toBeLessThan(300);
  const told = attackedEnd.problems.map(({ code, kind, message }) => `${code} ${kind} ${message}`);
  expect(told.join("\n")).toMatch(/left_out video .*larger than 8192 px/);
  expect(told.join("\n")).toMatch(/left_out \w+ .*more came than one person may send/);
  // Time on a core: how late a loop is depends on who else wants one. 0.5 ms a packet is several times what it takes.
  expect(flooded.cpuSeconds - idle.cpuSeconds).toBeLessThan(packets * 0.0005);
  expect(stopped.cpuSeconds - flooded.cpuSeconds).toBeLessThan(2);
});
