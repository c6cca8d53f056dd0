import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { CaptureEvent } from "../../src/media/format/events.ts";
import type { EmbeddedVideoProvider } from "../../src/video/embedded/provider.ts";
import type { ProviderRecording } from "../../src/video/port.ts";
import { buildRoomProcess, RoomHarness } from "./support/roomHarness.ts";

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
let rooms: RoomHarness;
let provider: EmbeddedVideoProvider;

beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());
beforeEach(async () => {
  rooms = await RoomHarness.create(built.entry);
});
afterEach(() => rooms.close());

const config = { quality: "720p", layout: "grid", audioOnly: false } as const;
const request = (recordingId = "recording_1", maxDurationMs = 600_000) => ({
  recordingId,
  roomId: rooms.roomId,
  meetingId: rooms.meetingId,
  config,
  maxDurationMs,
});
type Sealed = Extract<ProviderRecording, { status: "sealed" }>;

async function events(recordingId = "recording_1"): Promise<CaptureEvent[]> {
  const text = await readFile(path.join(rooms.captureDir(recordingId), "events.jsonl"), "utf8");
  const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
  return lines.map((line) => JSON.parse(line) as CaptureEvent);
}

async function ofType<T extends CaptureEvent["type"]>(
  type: T,
): Promise<Extract<CaptureEvent, { type: T }>[]> {
  return (await events()).filter(
    (event): event is Extract<CaptureEvent, { type: T }> => event.type === type,
  );
}

/** Resolves once the capture holds `count` tracks that have media. */
const flowing = (count: number) =>
  vi.waitFor(async () => expect(await ofType("first")).toHaveLength(count), {
    timeout: 8000,
    interval: 50,
  });

async function stopped(recordingId = "recording_1"): Promise<Sealed> {
  const end = await provider.stopRecording(request(recordingId));
  if (end.status !== "sealed") throw new Error(`not sealed: ${end.status}`);
  return end;
}

describe("a capture", () => {
  test("takes every track of everyone there, from a keyframe made for it", async () => {
    provider = await rooms.started();
    const { publisher } = await rooms.publish(provider, "ann");
    await rooms.publish(provider, "bob", { videos: 2 });
    await vi.waitFor(async () => expect((await provider.stats()).tracks).toBe(5), 4000);
    const start = await provider.startRecording(request());
    expect(start.status).toBe("recording");
    await flowing(5);
    expect(publisher.keyframesAsked).toBeGreaterThan(0);
    const end = await stopped();
    expect(end.hasMedia).toBe(true);
    expect(end.captureDir).toBe(rooms.captureDir("recording_1"));
    expect(
      end.tracks
        .map(({ participantId, kind, codec }) => `${participantId} ${kind} ${codec}`)
        .sort(),
    ).toEqual([
      "ann audio opus",
      "ann video VP8",
      "bob audio opus",
      "bob video VP8",
      "bob video VP8",
    ]);
    expect(end.tracks[0]?.participantName).toMatch(/^Name of /);
    for (const track of end.tracks) expect(track.startMs).toBeLessThan(500);
  });

  test("notes clocks, levels and sizes", async () => {
    provider = await rooms.started();
    await rooms.publish(provider, "ann", { width: 1280, height: 720 });
    await provider.startRecording(request());
    await flowing(2);
    await vi.waitFor(
      async () => expect((await ofType("senderReport")).length).toBeGreaterThan(3),
      5000,
    );
    const [level] = await ofType("level");
    expect(level?.dbov).toBe(-30);
    expect((await ofType("resolution"))[0]).toMatchObject({ width: 1280, height: 720 });
    for (const report of await ofType("senderReport"))
      expect(Math.abs(report.ntp - report.t)).toBeLessThan(500);
    await stopped();
  });

  test("may begin in an empty room and takes who comes later", async () => {
    provider = await rooms.started();
    await provider.startRecording(request());
    await rooms.publish(provider, "ann");
    await flowing(2);
    expect((await stopped()).hasMedia).toBe(true);
  });

  test("nobody came to has no media", async () => {
    provider = await rooms.started();
    await provider.startRecording(request());
    expect(await stopped()).toMatchObject({ hasMedia: false, tracks: [], stopReason: "stopped" });
  });

  test("gives who comes back new files of the same participant", async () => {
    provider = await rooms.started();
    const first = await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await flowing(2);
    await provider.unpublish(first.grant, first.sessionId);
    await vi.waitFor(async () => expect(await ofType("leave")).toHaveLength(1), 4000);
    await rooms.publish(provider, "ann");
    await flowing(4);
    const { tracks } = await stopped();
    expect(new Set(tracks.map(({ participantId }) => participantId))).toEqual(new Set(["ann"]));
    expect((await ofType("trackEnd")).map(({ reason }) => reason)).toEqual([
      "unpublished",
      "unpublished",
      "stopped",
      "stopped",
    ]);
  });

  test("stores nothing of a pause, in new files from a keyframe after it", async () => {
    provider = await rooms.started();
    const { publisher } = await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await flowing(2);
    await provider.pauseRecording(request());
    const names = (await ofType("track")).map(({ file }) => file);
    const size = async () =>
      Promise.all(
        names.map((name) =>
          readFile(path.join(rooms.captureDir("recording_1"), name)).then(({ length }) => length),
        ),
      );
    expect((await events()).at(-1)?.type).toBe("pause");
    expect((await ofType("trackEnd")).map(({ reason }) => reason)).toEqual(["paused", "paused"]);
    const before = await size();
    // Somebody comes in the meantime.
    await rooms.publish(provider, "bob");
    await vi.waitFor(async () => expect((await provider.stats()).tracks).toBe(4), 4000);
    await vi.waitFor(async () => expect(await ofType("alive")).not.toHaveLength(0), 4000);
    expect(await size()).toEqual(before);
    expect(await ofType("track")).toHaveLength(2);
    const asked = publisher.keyframesAsked;
    await provider.resumeRecording(request());
    await flowing(6);
    expect(publisher.keyframesAsked).toBeGreaterThan(asked);
    const { pauses, tracks, startedAt, stoppedAt, gaps } = await stopped();
    expect(gaps).toEqual([]);
    expect(pauses).toHaveLength(1);
    const lengthMs = stoppedAt - startedAt - (pauses[0]?.durationMs ?? 0);
    for (const { endMs } of tracks) expect(endMs).toBeLessThanOrEqual(lengthMs + 1);
  });

  test("is still paused after kill -9, and goes on when it is told to", async () => {
    provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request());
    await flowing(2);
    const paused = await provider.pauseRecording(request());
    await rooms.killRooms();
    await vi.waitFor(
      async () => expect(await provider.recordingState(request())).toEqual(paused),
      8000,
    );
    await rooms.publish(provider, "ann");
    await vi.waitFor(async () => expect((await provider.stats()).tracks).toBe(2), 4000);
    expect(await ofType("track")).toHaveLength(2);
    await provider.resumeRecording(request());
    await flowing(4);
    const { gaps, pauses } = await stopped();
    expect(gaps).toEqual([]);
    expect(pauses).toHaveLength(1);
  });

  test("ends by itself at its maximum duration", async () => {
    provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await provider.startRecording(request("recording_1", 1000));
    const end = await vi.waitFor(async () => {
      const state = await provider.recordingState(request());
      expect(state.status).toBe("sealed");
      return state as Sealed;
    }, 5000);
    expect(end.stopReason).toBe("max_duration");
    expect(Math.abs(end.stoppedAt - end.startedAt - 1000)).toBeLessThan(300);
  });

  test("is refused without disk space", async () => {
    provider = await rooms.started({ diskFloorBytes: Number.MAX_SAFE_INTEGER });
    const refused = provider.startRecording(request());
    await expect(refused).rejects.toMatchObject({
      code: "STREAM_ERROR",
      metadata: { reason: "disk_full" },
    });
    expect(await provider.recordingState(request())).toEqual({ status: "absent" });
  });

  test("has its first media on the disk soon after the start", async () => {
    provider = await rooms.started();
    await rooms.publish(provider, "ann");
    await vi.waitFor(async () => expect((await provider.stats()).tracks).toBe(2), 4000);
    await provider.startRecording(request());
    const accepted = performance.now();
    const file = path.join(rooms.captureDir("recording_1"), "track0001-audio.webm");
    await vi.waitFor(async () => expect((await readFile(file)).length).toBeGreaterThan(0), {
      timeout: 4000,
      interval: 5,
    });
    expect(performance.now() - accepted).toBeLessThan(500);
    await stopped();
  });
});
