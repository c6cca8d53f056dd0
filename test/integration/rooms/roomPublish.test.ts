import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { lockHolder } from "../../../src/rooms/contract/instanceLock.ts";
import type { RoomStats } from "../../../src/rooms/contract/protocol.ts";
import { roomPaths } from "../../../src/video/embedded/paths.ts";
import type { EmbeddedVideoProvider } from "../../../src/video/embedded/provider.ts";
import type { RoomPresence } from "../../../src/video/port.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";

takeTime();

let built: Awaited<ReturnType<typeof buildRoomProcess>>;
let rooms: RoomHarness;
let provider: EmbeddedVideoProvider;
let heard: RoomPresence[];

beforeAll(async () => {
  built = await buildRoomProcess();
});
afterAll(() => built.remove());
beforeEach(async () => {
  rooms = await RoomHarness.create(built.entry);
  heard = [];
});
afterEach(() => rooms.close());

const open = async (options: Parameters<RoomHarness["started"]>[0] = {}): Promise<void> => {
  provider = await rooms.started(options);
  provider.onPresence((presence) => heard.push(presence));
};
const told = () => heard.map(({ userId, state }) => `${userId} ${state}`);
const hears = (...presences: string[]) =>
  vi.waitFor(() => expect(told()).toEqual(presences), patience);
const counts = (stats: Partial<RoomStats>) =>
  vi.waitFor(async () => expect(await provider.stats()).toMatchObject(stats), patience);

describe("publishing", () => {
  test("is answered with one candidate on the one UDP port and a start bit rate", async () => {
    await open({ publicAddress: "203.0.113.9" });
    const publisher = rooms.publisher("ann");
    const answers: string[] = [];
    const grant = await rooms.grant(provider, "ann");
    await expect(
      publisher.publish(async (offer) => {
        answers.push((await provider.publish(grant, offer)).answer);
        throw new Error("seen");
      }),
    ).rejects.toThrow("seen");
    const candidates = answers[0]?.match(/^a=candidate.*/gm) ?? [];
    expect(candidates).toEqual([expect.stringMatching(/ 203\.0\.113\.9 \d+ typ host/)]);
    expect(answers[0]).toContain("x-google-start-bitrate=1500");
    expect(answers[0]).toContain("a=recvonly");
  });

  test("is not kept from anybody by one person's offers to many rooms", async () => {
    await open({ publisherLimit: 16 });
    const publisher = rooms.publisher("eve");
    const grant = await rooms.grant(provider, "eve");
    await expect(
      publisher.publish(async (offer) => {
        for (let room = 0; room < 40; room++)
          await provider.publish({ ...grant, roomId: `room${room}` }, offer);
        throw new Error("all were answered");
      }),
    ).rejects.toThrow("all were answered");
    await rooms.publish(provider, "ann");
    await hears("ann joined");
  });

  test("brings presence, feedback and an end by DELETE", async () => {
    await open();
    const { publisher, grant, sessionId } = await rooms.publish(provider, "ann");
    await hears("ann joined");
    await vi.waitFor(() => expect(publisher.estimate).toBe(2_500_000), patience);
    await counts({ rooms: 1, publishers: 1, tracks: 2 });
    await provider.unpublish(grant, sessionId);
    await hears("ann joined", "ann left");
    await expect(provider.unpublish(grant, sessionId)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await provider.stats()).toMatchObject({ publishers: 0 });
  });

  test("works with audio alone and video alone, and takes one of two cameras", async () => {
    await open();
    await rooms.publish(provider, "ann", { videos: 0 });
    await rooms.publish(provider, "bob", { audio: false });
    await rooms.publish(provider, "cem", { videos: 2 });
    await vi.waitFor(
      () => expect(told().sort()).toEqual(["ann joined", "bob joined", "cem joined"]),
      patience,
    );
    await counts({ tracks: 4 });
  });

  test("works beside lines that cannot be received, which are refused by themselves", async () => {
    await open();
    const publisher = rooms.publisher("ann", { unusable: true, videos: 2 });
    const grant = await rooms.grant(provider, "ann");
    let answer = "";
    await publisher.publish(async (offer) => {
      answer = (await provider.publish(grant, offer)).answer;
      expect(answer.match(/^m=\w+/gm)).toEqual(offer.match(/^m=\w+/gm));
      return answer;
    });
    publisher.run();
    expect(answer.match(/^m=\w+ 0/gm)?.sort()).toEqual([
      "m=application 0",
      "m=video 0",
      "m=video 0",
    ]);
    await hears("ann joined");
    await counts({ tracks: 2 });
    await rooms.logged({
      msg: "some lines of an offer are not received",
      refused: expect.arrayContaining(["video: no_usable_codec", "video: too_many_tracks"]),
    });
  });

  test("twice as the same user leaves the second session", async () => {
    await open();
    const first = await rooms.publish(provider, "ann");
    await hears("ann joined");
    const second = await rooms.publish(provider, "ann");
    expect(await provider.stats()).toMatchObject({ publishers: 1 });
    await expect(provider.unpublish(first.grant, first.sessionId)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await vi.waitFor(() => expect(second.publisher.estimate).toBeGreaterThan(0), patience);
    expect(told()).toEqual(["ann joined"]);
  });

  test("stops being presence within five seconds of an abrupt end", async () => {
    await open(rooms.usualLimits);
    const { publisher } = await rooms.publish(provider, "ann");
    await hears("ann joined");
    // What is measured until now does not count.
    await provider.stats();
    publisher.freeze();
    let stoodStillMs = 0;
    await vi.waitFor(async () => {
      stoodStillMs += (await provider.stats()).eventLoopDelayMaxMs;
      expect(told()).toEqual(["ann joined", "ann left"]);
    }, patience);
    const waited = (heard.at(-1)?.at ?? 0) - publisher.sentAt;
    expect(waited).toBeGreaterThan(3500);
    // The room process does not take its own pauses for silence.
    expect(waited).toBeLessThan(5000 + stoodStillMs);
  });

  test("that never connects is given up", async () => {
    await open({ pendingMs: 500 });
    const grant = await rooms.grant(provider, "ann");
    const publisher = rooms.publisher("ann");
    const lost = publisher.publish(async (offer) => {
      await provider.publish(grant, offer);
      throw new Error("the answer was lost");
    });
    await expect(lost).rejects.toThrow();
    await rooms.logged({ msg: "publish session ended", reason: "not_connected" });
    await counts({ publishers: 0 });
  });
});

describe("a publisher is refused", () => {
  test.each([
    ["an empty offer", "", "sdp_malformed"],
    ["garbage", "v=0\r\nnonsense", "sdp_malformed"],
    ["a huge offer", "v=0\r\n".concat("a=x\r\n".repeat(20_000)), "sdp_too_large"],
  ])("with %s", async (_, offer, reason) => {
    await open();
    const refused = provider.publish(await rooms.grant(provider, "ann"), offer);
    await expect(refused).rejects.toMatchObject({ code: "VALIDATION_ERROR", metadata: { reason } });
  });

  test("when the room is full", async () => {
    await open({ roomLimit: 1 });
    await rooms.publish(provider, "ann");
    const late = rooms.publisher("bob");
    const grant = await rooms.grant(provider, "bob");
    const refused = late.publish(async (offer) => (await provider.publish(grant, offer)).answer);
    await expect(refused).rejects.toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "room_full", limit: 1 },
    });
  });

  test("as an observer", async () => {
    await open();
    const grant = await rooms.grant(provider, "ann", "observer");
    await expect(provider.publish(grant, "v=0")).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("a removed participant", () => {
  test("loses their media at once and cannot come back with the old token, also after a crash", async () => {
    await open();
    const { publisher, grant } = await rooms.publish(provider, "ann");
    await hears("ann joined");
    await provider.removeParticipant(rooms, "ann");
    await hears("ann joined", "ann left");
    expect(await provider.stats()).toMatchObject({ publishers: 0, rooms: 0 });
    const offer = publisher.offer();
    await expect(provider.publish(grant, offer)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await rooms.nextRooms(await rooms.killRooms());
    await expect(provider.publish(grant, offer)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await rooms.publish(provider, "ann");
    await vi.waitFor(() => expect(told().at(-1)).toBe("ann joined"), patience);
  });
});

test("what it keeps is private and holds no secret of the server", async () => {
  await open();
  const { stateDir, keyFile, socketPath } = rooms.paths;
  expect((await stat(stateDir)).mode & 0o777).toBe(0o700);
  expect((await stat(path.dirname(socketPath))).mode & 0o777).toBe(0o700);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const { pid } = await rooms.health();
  if (process.platform === "linux") expect(await readFile(`/proc/${pid}/environ`, "utf8")).toBe("");
  await rooms.logged({ msg: "room process is ready" });
});

test("a deep data folder is no obstacle", async () => {
  const dataDir = path.join(rooms.dataDir, "deep".repeat(30));
  const deep = rooms.provider({ dataDir });
  await deep.start();
  expect(await deep.stats()).toMatchObject({ rooms: 0 });
  const { stateDir, socketPath } = roomPaths(dataDir);
  expect(socketPath.length).toBeLessThan(100);
  await deep.close({ stopRooms: true });
  await vi.waitFor(async () => expect(await lockHolder(stateDir)).toBeUndefined(), patience);
});
