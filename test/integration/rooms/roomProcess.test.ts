import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import type { EmbeddedVideoProvider } from "../../../src/video/embedded/provider.ts";
import type { RoomPresence } from "../../../src/video/port.ts";
import { withResilience } from "../../../src/video/resilience.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { expectWithinSecond } from "../../support/quickStart.ts";
import { gone } from "../support/liveProcess.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";

takeTime();

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
let rooms: RoomHarness;

beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());
beforeEach(async () => {
  rooms = await RoomHarness.create(built.entry);
});
afterEach(() => rooms.close());

const config = { quality: "720p", layout: "grid", audioOnly: false } as const;
const request = (recordingId = "recording_1") => ({
  recordingId,
  roomId: rooms.roomId,
  meetingId: rooms.meetingId,
  config,
  maxDurationMs: 600_000,
});

const listen = (provider: EmbeddedVideoProvider): RoomPresence[] => {
  const heard: RoomPresence[] = [];
  provider.onPresence((presence) => heard.push(presence));
  return heard;
};
const words = (heard: RoomPresence[]) => heard.map(({ userId, state }) => `${userId} ${state}`);
/** Resolves once the room process has captured that much. */
const captured = (provider: EmbeddedVideoProvider, bytes: number) =>
  vi.waitFor(
    async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(bytes),
    patience,
  );

describe("the room process", () => {
  test("outlives its server and is adopted by the next, media and all", async () => {
    const first = await rooms.started();
    const before = await rooms.health();
    const { publisher } = await rooms.publish(first, "ann");
    await first.startRecording(request());
    await first.close();
    const second = await rooms.started();
    expect(await rooms.health()).toMatchObject({ pid: before.pid, instance: before.instance });
    const heard = listen(second);
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann joined"]), patience);
    expect(await second.recordingState(request())).toMatchObject({ status: "recording" });
    expect(publisher.closed).toBe(false);
    expect(await rooms.seal(second, request())).toMatchObject({ hasMedia: true, gaps: [] });
  });

  test("is one, however many servers start at once", async () => {
    const providers = [1, 2, 3].map(() => rooms.provider());
    await Promise.all(providers.map((provider) => provider.start()));
    const stats = await Promise.all(providers.map((provider) => provider.stats()));
    expect(new Set(stats.map(({ rooms: count }) => count))).toEqual(new Set([0]));
    // It answers before it has said so.
    await rooms.logged({ msg: "room process is ready" });
    const log = await readFile(rooms.paths.logFile, "utf8");
    expect(log.match(/room process is ready/g)).toHaveLength(1);
  });

  test("tells a server that was away who left meanwhile", async () => {
    const first = await rooms.started();
    const { grant, sessionId } = await rooms.publish(first, "ann");
    const present = listen(first);
    await vi.waitFor(() => expect(words(present)).toEqual(["ann joined"]), patience);
    const other = await rooms.started();
    await first.close();
    await other.unpublish(grant, sessionId);
    const third = await rooms.started();
    const heard = listen(third);
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann left"]), patience);
  });

  test("ends with its server when asked to", async () => {
    const provider = await rooms.started();
    const { pid } = await rooms.health();
    await provider.close({ stopRooms: true });
    await gone(pid);
  });

  test("ends by itself when nobody needs it", async () => {
    // Longer than a server that needs it says nothing.
    const provider = await rooms.started({ idleExitMs: 4000 });
    const { pid } = await rooms.health();
    await provider.close();
    await gone(pid);
    await rooms.logged({ msg: "room process ends" });
  });

  test("asked to end by a signal, leaves an open capture to the next", async () => {
    const provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await captured(provider, 10_000);
    const { pid } = await rooms.health();
    process.kill(pid, "SIGTERM");
    await gone(pid);
    await rooms.nextRooms(pid);
    await rooms.publish(provider, "bob");
    await captured(provider, 10_000);
    const end = await rooms.seal(provider, request());
    expect(new Set(end.tracks.map(({ participantId }) => participantId))).toEqual(
      new Set(["ann", "bob"]),
    );
  });

  test("that cannot start is reported with its log", async () => {
    const provider = rooms.provider({ entry: path.join(rooms.dataDir, "missing.mjs") });
    await expect(provider.start()).rejects.toThrow(rooms.paths.logFile);
  });

  test("whose port is taken says so", async () => {
    const taken = createSocket("udp4").bind(0, "127.0.0.1");
    await once(taken, "listening");
    const provider = rooms.provider({ rtcPort: taken.address().port });
    await expect(provider.start()).rejects.toThrow("EADDRINUSE");
    taken.close();
  });
});

describe("after kill -9", () => {
  test("another is up within a second", async () => {
    await rooms.started();
    await expectWithinSecond(async () => rooms.nextRooms(await rooms.killRooms()));
  });

  test("the capture goes on with a gap", async () => {
    const provider = await rooms.started();
    const heard = listen(provider);
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await captured(provider, 200_000);
    await rooms.recorderKeepsUp();
    const killedAt = Date.now();
    await rooms.nextRooms(await rooms.killRooms());
    expect(await provider.recordingState(request())).toMatchObject({ status: "recording" });
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann joined", "ann left"]), patience);
    await rooms.publish(provider, "ann");
    await captured(provider, 100_000);
    const end = await rooms.seal(provider, request());
    expect(end.tracks).toHaveLength(4);
    expect(end.gaps).toHaveLength(1);
    const lostBefore = killedAt - end.startedAt - (end.gaps[0]?.startMs ?? 0);
    expect(lostBefore).toBeLessThan(2000);
    const before = end.tracks.filter(({ startMs }) => startMs < killedAt - end.startedAt);
    for (const track of before)
      expect(track.endMs).toBeGreaterThan(killedAt - end.startedAt - 2000);
  });

  test("a call in between waits for the next process", async () => {
    const provider = await rooms.started();
    await rooms.killRooms();
    // As a server calls it, which tries again: a machine may take longer than one call waits.
    const limits = { maxAttempts: 30 };
    const video = withResilience(provider, { log: silentLog, budgetMs: patience.timeout, limits });
    expect(await video.startRecording(request())).toMatchObject({ status: "recording" });
  });

  test("the next process knows nobody, and says so to whoever asks", async () => {
    const provider = await rooms.started();
    const { grant, sessionId } = await rooms.publish(provider, "ann");
    expect(await provider.hasSession(grant, sessionId)).toBe(true);
    expect(await provider.clientUfrag(grant, "whip", sessionId)).toMatch(/^\S{4,}$/);
    await expect(provider.clientUfrag(grant, "whep", sessionId)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await provider.hasSession(await rooms.grant(provider, "bob"), sessionId)).toBe(false);
    await rooms.nextRooms(await rooms.killRooms());
    expect(await provider.hasSession(grant, sessionId)).toBe(false);
  });

  test("without a server, the next server's process continues the capture", async () => {
    const first = await rooms.started();
    await rooms.publish(first, "ann");
    await first.startRecording(request());
    await captured(first, 50_000);
    await first.close();
    await gone(await rooms.killRooms());
    const second = await rooms.started();
    expect(await second.recordingState(request())).toMatchObject({ status: "recording" });
    expect(await rooms.seal(second, request())).toMatchObject({ hasMedia: true });
  });
});

describe("while it is away for good", () => {
  test("calls fail as timeouts, and a stop seals what is on the disk", async () => {
    const provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await captured(provider, 50_000);
    await provider.close();
    await gone(await rooms.killRooms());
    const away = { code: "EXTERNAL_SERVICE_TIMEOUT" };
    await expect(provider.recordingState(request())).rejects.toMatchObject(away);
    await expect(provider.startRecording(request("recording_2"))).rejects.toMatchObject(away);
    await expect(provider.removeParticipant(rooms, "ann")).rejects.toMatchObject(away);
    const end = await provider.stopRecording(request());
    expect(end).toMatchObject({
      status: "sealed",
      hasMedia: true,
      stopReason: "room_process_lost",
    });
    expect(await provider.stopRecording(request())).toEqual(end);
    expect(await provider.recordingState(request())).toEqual(end);
    expect(await provider.stopRecording(request("recording_9"))).toEqual({ status: "absent" });
  });

  test("a token is signed all the same", async () => {
    const provider = rooms.provider();
    const user = { id: "ann", name: "Ann" };
    const grant = { roomId: "r", meetingId: "m", user, role: "host", maxParticipants: 8 } as const;
    await expect(rooms.started().then((started) => started.token(grant))).resolves.toHaveProperty(
      "token",
    );
    await expect(provider.stats()).resolves.toBeDefined();
  });
});
