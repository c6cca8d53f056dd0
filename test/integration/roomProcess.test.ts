import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { EmbeddedVideoProvider } from "../../src/video/embedded/provider.ts";
import type { ProviderRecording, RoomPresence } from "../../src/video/port.ts";
import { buildRoomProcess, RoomHarness } from "./support/roomHarness.ts";

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
type Sealed = Extract<ProviderRecording, { status: "sealed" }>;
const soon = { timeout: 6000, interval: 20 };

const listen = (provider: EmbeddedVideoProvider): RoomPresence[] => {
  const heard: RoomPresence[] = [];
  provider.onPresence((presence) => heard.push(presence));
  return heard;
};
const words = (heard: RoomPresence[]) => heard.map(({ userId, state }) => `${userId} ${state}`);
/** Whether a process runs; a zombie does not. */
async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    return !/\) Z /.test(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
const gone = (pid: number) => vi.waitFor(async () => expect(await runs(pid)).toBe(false), soon);

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
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann joined"]), soon);
    expect(await second.recordingState(request())).toMatchObject({ status: "recording" });
    expect(publisher.closed).toBe(false);
    expect(await second.stopRecording(request())).toMatchObject({
      status: "sealed",
      hasMedia: true,
      gaps: [],
    });
  });

  test("is one, however many servers start at once", async () => {
    const providers = [1, 2, 3].map(() => rooms.provider());
    await Promise.all(providers.map((provider) => provider.start()));
    const stats = await Promise.all(providers.map((provider) => provider.stats()));
    expect(new Set(stats.map(({ rooms: count }) => count))).toEqual(new Set([0]));
    const log = await readFile(rooms.paths.logFile, "utf8");
    expect(log.match(/room process is ready/g)).toHaveLength(1);
  });

  test("tells a server that was away who left meanwhile", async () => {
    const first = await rooms.started();
    const { grant, sessionId } = await rooms.publish(first, "ann");
    const present = listen(first);
    await vi.waitFor(() => expect(words(present)).toEqual(["ann joined"]), soon);
    const other = await rooms.started();
    await first.close();
    await other.unpublish(grant, sessionId);
    const third = await rooms.started();
    const heard = listen(third);
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann left"]), soon);
  });

  test("ends with its server when asked to", async () => {
    const provider = await rooms.started();
    const { pid } = await rooms.health();
    await provider.close({ stopRooms: true });
    await gone(pid);
  });

  test("ends by itself when nobody needs it", async () => {
    const provider = await rooms.started({ idleExitMs: 300 });
    const { pid } = await rooms.health();
    await provider.close();
    await gone(pid);
    expect(await readFile(rooms.paths.logFile, "utf8")).toContain("room process ends");
  });

  test("asked to end by a signal, leaves an open capture to the next", async () => {
    const provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await vi.waitFor(
      async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(10_000),
      soon,
    );
    const { pid } = await rooms.health();
    process.kill(pid, "SIGTERM");
    await gone(pid);
    await vi.waitFor(async () => expect((await rooms.health()).pid).not.toBe(pid), soon);
    await rooms.publish(provider, "bob");
    await vi.waitFor(
      async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(10_000),
      soon,
    );
    const end = (await provider.stopRecording(request())) as Sealed;
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
  test("another is up within a second, and the capture goes on with a gap", async () => {
    const provider = await rooms.started();
    const heard = listen(provider);
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await vi.waitFor(
      async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(200_000),
      soon,
    );
    const killedAt = Date.now();
    const pid = await rooms.killRooms();
    await vi.waitFor(async () => expect((await rooms.health()).pid).not.toBe(pid), {
      timeout: 5000,
      interval: 10,
    });
    expect(Date.now() - killedAt).toBeLessThan(1000);
    expect(await provider.recordingState(request())).toMatchObject({ status: "recording" });
    await vi.waitFor(() => expect(words(heard)).toEqual(["ann joined", "ann left"]), soon);
    await rooms.publish(provider, "ann");
    await vi.waitFor(
      async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(100_000),
      soon,
    );
    const end = (await provider.stopRecording(request())) as Sealed;
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
    expect(await provider.startRecording(request())).toMatchObject({ status: "recording" });
  });

  test("the next process knows nobody, and says so to whoever asks", async () => {
    const provider = await rooms.started();
    const { grant, sessionId } = await rooms.publish(provider, "ann");
    expect(await provider.hasSession(grant, sessionId)).toBe(true);
    expect(await provider.hasSession(await rooms.grant(provider, "bob"), sessionId)).toBe(false);
    await rooms.killRooms();
    expect(await provider.hasSession(grant, sessionId)).toBe(false);
  });

  test("without a server, the next server's process continues the capture", async () => {
    const first = await rooms.started();
    await rooms.publish(first, "ann");
    await first.startRecording(request());
    await vi.waitFor(
      async () => expect((await first.stats()).capturedBytes).toBeGreaterThan(50_000),
      soon,
    );
    await first.close();
    await gone(await rooms.killRooms());
    const second = await rooms.started();
    expect(await second.recordingState(request())).toMatchObject({ status: "recording" });
    expect(await second.stopRecording(request())).toMatchObject({
      status: "sealed",
      hasMedia: true,
    });
  });
});

describe("while it is away for good", () => {
  test("calls fail as timeouts, and a stop seals what is on the disk", async () => {
    const provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await vi.waitFor(
      async () => expect((await provider.stats()).capturedBytes).toBeGreaterThan(50_000),
      soon,
    );
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
  }, 40_000);

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
