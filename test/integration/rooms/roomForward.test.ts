import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { WhepSubscriber } from "../../../src/synth/transport/whepSubscriber.ts";
import type { EmbeddedVideoProvider } from "../../../src/video/embedded/provider.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { buildRoomProcess, RoomHarness } from "../support/roomHarness.ts";

takeTime();

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

const open = async (options: Parameters<RoomHarness["started"]>[0] = {}): Promise<void> => {
  provider = await rooms.started(options);
};
const counts = (watcher: WhepSubscriber, slot: number, kind: "audio" | "video" = "video") =>
  watcher.slots[slot]?.[kind].counts ?? { packets: 0, frames: 0, keyframes: 0 };
/** Waits for frames that come from now on. */
const seesMore = async (watcher: WhepSubscriber, slot: number, frames = 10): Promise<void> => {
  const before = counts(watcher, slot).frames;
  await vi.waitFor(
    () => expect(counts(watcher, slot).frames).toBeGreaterThan(before + frames),
    patience,
  );
};
/** Every packet between the first and the last is there, with nothing left to be asked for. */
const nothingMissing = (watcher: WhepSubscriber) =>
  vi.waitFor(() => {
    for (const kind of ["audio", "video"] as const)
      expect(watcher.total(kind)).toMatchObject({ missing: 0, open: 0 });
  }, patience);

describe("a subscriber", () => {
  test("receives every packet of a publisher, from a keyframe on, and the sender's clock", async () => {
    await open();
    const { publisher } = await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0, 50);
    await nothingMissing(bob);
    expect(counts(bob, 0).keyframes).toBeGreaterThan(0);
    // No more than were made for somebody: one, unless it was so late that it was asked for again.
    expect(counts(bob, 0).keyframes).toBeLessThanOrEqual(publisher.keyframesAsked);
    await vi.waitFor(() => {
      expect(counts(bob, 0, "audio").packets).toBeGreaterThan(20);
      for (const kind of ["audio", "video"] as const)
        expect(bob.slots[0]?.[kind].senderReport).toBeDefined();
    }, patience);
    expect(await provider.stats()).toMatchObject({ subscribers: 1, pausedVideos: 0 });
  });

  test("goes on watching a publisher that goes on under other SSRCs, and misses nothing", async () => {
    await open();
    const { publisher } = await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0);
    const { keyframes } = counts(bob, 0);
    publisher.changeSources(0);
    await vi.waitFor(() => expect(counts(bob, 0).keyframes).toBeGreaterThan(keyframes), patience);
    await seesMore(bob, 0);
    await nothingMissing(bob);
  });

  test("that comes late is given a keyframe at once", async () => {
    await open();
    const { publisher } = await rooms.publish(provider, "ann");
    const early = await rooms.subscribe(provider, "bob");
    await seesMore(early, 0);
    const asked = publisher.keyframesAsked;
    const late = await rooms.subscribe(provider, "cem");
    await vi.waitFor(() => expect(counts(late, 0).keyframes).toBeGreaterThan(0), patience);
    // Made for them: there would be none otherwise.
    expect(publisher.keyframesAsked).toBeGreaterThan(asked);
    expect(counts(late, 0).keyframes).toBeLessThanOrEqual(publisher.keyframesAsked - asked);
    await nothingMissing(early);
  });

  test("is told who is there, what is where, and that it is recorded", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob", { role: "observer" });
    await rooms.publish(provider, "ann", { source: "screen", audio: false });
    const people = [
      {
        userId: "ann",
        name: "Name of ann",
        role: "participant",
        camera: { slot: 0, audio: true, video: true },
        screen: { slot: 1, audio: false, video: true },
      },
      { userId: "bob", role: "observer", camera: null, screen: null },
    ];
    await vi.waitFor(
      () =>
        expect(bob.room).toMatchObject({ self: "bob", people, speaker: "ann", recording: null }),
      patience,
    );
    await seesMore(bob, 1);
    const { roomId, meetingId } = rooms;
    const config = { quality: "720p", layout: "grid", audioOnly: false } as const;
    const request = {
      recordingId: "recording_1",
      roomId,
      meetingId,
      config,
      maxDurationMs: 60_000,
    };
    await provider.startRecording(request);
    await vi.waitFor(
      () =>
        expect(bob.room).toMatchObject({
          recording: { recordingId: "recording_1", paused: false },
        }),
      patience,
    );
    await provider.stopRecording(request);
    await vi.waitFor(() => expect(bob.room).toMatchObject({ recording: null }), patience);
    const revisions = bob.messages.flatMap(({ revision }) => (revision ? [Number(revision)] : []));
    expect(revisions).toEqual(revisions.map((_, index) => index + 1));
  });

  test("says that a publication is muted, for everybody and for the next session too", async () => {
    await open();
    const ann = await rooms.subscribe(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    ann.say({ type: "media", source: "camera", audio: false, video: true });
    ann.say({ type: "of tomorrow" });
    ann.say("no JSON");
    const seen = (camera: object | null) =>
      vi.waitFor(
        () =>
          expect(bob.room).toMatchObject({
            people: [{ userId: "ann", camera }, { userId: "bob" }],
          }),
        patience,
      );
    await rooms.publish(provider, "ann");
    await seen({ audio: false, video: true });
    await rooms.publish(provider, "ann");
    await seesMore(bob, 0);
    await seen({ audio: false, video: true });
    ann.say({ type: "ping" });
    await vi.waitFor(() => expect(ann.messages).toContainEqual({ type: "pong" }), patience);
  });

  test("loses the channel, not the media, with a message that is too long", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    await vi.waitFor(() => expect(bob.room).toBeDefined(), patience);
    bob.say({ type: "ping", padding: "x".repeat(5000) });
    await seesMore(bob, 0);
    expect(bob.messages.filter(({ type }) => type === "pong")).toEqual([]);
  });

  test("may watch one person's screen alone, before it is there", async () => {
    await open();
    const target = { userId: "ann", source: "screen" } as const;
    const bob = await rooms.subscribe(provider, "bob", { target, slots: 1 });
    await rooms.publish(provider, "ann");
    await rooms.publish(provider, "cem");
    const screen = { source: "screen", audio: false } as const;
    await rooms.publish(provider, "ann", screen);
    await seesMore(bob, 0);
    expect(counts(bob, 0, "audio").packets).toBe(0);
  });

  test("that has VP8 under another number than the publisher receives it under its own", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob", { h264: true });
    await seesMore(bob, 0);
    expect(bob.slots[0]?.video.payloadType).toBe(98);
    expect(bob.answer).toMatch(/^m=video \d+ \S+ 98 104\r$/m);
  });

  test("asks only for the videos it shows", async () => {
    await open();
    await rooms.publish(provider, "ann");
    await rooms.publish(provider, "cem");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0);
    await seesMore(bob, 1);
    bob.say({ type: "video", slots: [1] });
    await vi.waitFor(async () => {
      const before = counts(bob, 0).frames;
      await seesMore(bob, 1);
      expect(counts(bob, 0).frames).toBe(before);
    }, patience);
    const keyframes = counts(bob, 0).keyframes;
    bob.say({ type: "video", slots: [0, 1] });
    await seesMore(bob, 0);
    expect(counts(bob, 0).keyframes).toBeGreaterThan(keyframes);
    await nothingMissing(bob);
  });
});

describe("slots", () => {
  test("a publisher who restarts goes on in the same stream, without a gap", async () => {
    await open();
    const first = await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0);
    const ssrc = bob.slots[0]?.video.ssrc;
    await rooms.publish(provider, "ann");
    await seesMore(bob, 0);
    expect(first.publisher.closed || bob.slots[0]?.video.ssrc === ssrc).toBe(true);
    expect(bob.slots[0]?.video.ssrc).toBe(ssrc);
    await nothingMissing(bob);
  });

  test("whoever comes back has their slot again, and others' media is never in it meanwhile", async () => {
    await open();
    const ann = await rooms.publish(provider, "ann");
    await rooms.publish(provider, "cem");
    const bob = await rooms.subscribe(provider, "bob");
    const camerasAre = (cameras: Record<string, number | null>) =>
      vi.waitFor(() => {
        const { people } = bob.room as { people: { userId: string; camera: { slot: number } }[] };
        const told = people.map(({ userId, camera }) => [userId, camera?.slot ?? null]);
        expect(Object.fromEntries(told)).toEqual(cameras);
      }, patience);
    await camerasAre({ ann: 0, cem: 1, bob: null });
    await provider.unpublish(ann.grant, ann.sessionId);
    await camerasAre({ cem: 1, bob: null });
    await rooms.publish(provider, "dan");
    await camerasAre({ cem: 1, bob: null, dan: 2 });
    await rooms.publish(provider, "ann");
    await camerasAre({ cem: 1, bob: null, dan: 2, ann: 0 });
    await seesMore(bob, 0);
    await nothingMissing(bob);
  });

  test("a third publisher gets the second's slot when there are only two", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const cem = await rooms.publish(provider, "cem");
    const bob = await rooms.subscribe(provider, "bob", { slots: 2 });
    await seesMore(bob, 1);
    await rooms.publish(provider, "dan");
    await provider.unpublish(cem.grant, cem.sessionId);
    await seesMore(bob, 1);
    await nothingMissing(bob);
  });
});

describe("a bad network", () => {
  /** Loses one of so many packets, each way. */
  function losingOneOf(many: number) {
    let packets = 0;
    return { loss: 0.5, delayMs: 20, random: () => (++packets % many === 0 ? 0 : 1) };
  }

  test("3 % loss on the subscriber's path leaves nothing missing", async () => {
    await open();
    await rooms.publish(provider, "ann", { width: 1280, height: 720 });
    const bob = await rooms.subscribe(provider, "bob", { network: losingOneOf(33) });
    await vi.waitFor(() => expect(counts(bob, 0).frames).toBeGreaterThan(100), patience);
    bob.stopCounting();
    await nothingMissing(bob);
    expect(bob.slots[0]?.video.counts.nacked).toBeGreaterThan(5);
    expect((await provider.stats()).nackedPackets).toBeGreaterThan(5);
  });

  test("a viewer who is too weak is sent fewer videos; nobody else notices, the publishers least", async () => {
    await open();
    const ann = await rooms.publish(provider, "ann");
    await rooms.publish(provider, "cem", { audio: false });
    const weak = await rooms.subscribe(provider, "bob", { network: losingOneOf(20) });
    const strong = await rooms.subscribe(provider, "dan");
    await seesMore(weak, 1);
    const claim = setInterval(() => weak.claimEstimate(100_000), 300);
    try {
      await vi.waitFor(
        async () => expect(await provider.stats()).toMatchObject({ pausedVideos: 1 }),
        patience,
      );
      // Who speaks is given up last.
      await vi.waitFor(() => {
        const people = [
          expect.objectContaining({ camera: { slot: 0, audio: true, video: true } }),
          expect.objectContaining({ camera: { slot: 1, audio: false, video: true, paused: true } }),
        ];
        expect(weak.room?.["people"]).toEqual(expect.arrayContaining(people));
      }, patience);
      await seesMore(weak, 0);
      await seesMore(strong, 1);
      await vi.waitFor(() => expect(ann.publisher.estimate).toBe(2_500_000), patience);
    } finally {
      clearInterval(claim);
    }
    await vi.waitFor(
      async () => expect(await provider.stats()).toMatchObject({ pausedVideos: 0 }),
      patience,
    );
    await seesMore(weak, 1);
    weak.stopCounting();
    await nothingMissing(weak);
    await nothingMissing(strong);
  });
});

describe("a subscription ends", () => {
  test("when nothing is heard of the subscriber", async () => {
    await open({ subscriberSilenceMs: 4000 });
    await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    // Longer than the silence, in which they are heard of.
    await seesMore(bob, 0, 110);
    bob.freeze();
    await vi.waitFor(
      async () => expect(await provider.stats()).toMatchObject({ subscribers: 0 }),
      patience,
    );
  });

  test("by DELETE, once, and only its owner's", async () => {
    await open();
    const bob = await rooms.subscribe(provider, "bob");
    await bob.close();
    expect(await provider.stats()).toMatchObject({ subscribers: 0, rooms: 0 });
    const grant = await rooms.grant(provider, "bob");
    await expect(provider.unsubscribe(grant, "gone")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("when the person is removed, whose token then is no good for another", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const grant = await rooms.grant(provider, "bob");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0);
    await provider.removeParticipant(rooms, "bob");
    await vi.waitFor(() => expect(bob.state).toBe("closed"), patience);
    // They are told as well, but a transport that closes while this process stands still takes its last message with it.
    await rooms.logged({ userId: "bob", msg: "subscription ended", reason: "removed" });
    await expect(provider.subscribe(grant, bob.offer)).rejects.toMatchObject({
      code: "UNAUTHORIZED",
    });
  });

  test("with the room", async () => {
    await open();
    const bob = await rooms.subscribe(provider, "bob", { role: "observer" });
    await provider.closeRoom(rooms);
    await vi.waitFor(() => expect(bob.state).toBe("closed"), patience);
    expect(await provider.stats()).toMatchObject({ subscribers: 0 });
  });

  test("when the same client subscribes again", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const first = await rooms.subscribe(provider, "bob", { client: "window" });
    const other = await rooms.subscribe(provider, "bob", { client: "other" });
    const second = await rooms.subscribe(provider, "bob", { client: "window" });
    await vi.waitFor(() => expect(first.state).toBe("closed"), patience);
    await seesMore(second, 0);
    await seesMore(other, 0);
    expect(await provider.stats()).toMatchObject({ subscribers: 2 });
  });

  test("with the room process; subscribing again works as soon as the next is up", async () => {
    await open();
    await rooms.publish(provider, "ann");
    const bob = await rooms.subscribe(provider, "bob");
    await seesMore(bob, 0);
    await rooms.nextRooms(await rooms.killRooms());
    const again = await rooms.subscribe(provider, "bob");
    await rooms.publish(provider, "ann");
    await seesMore(again, 0);
  });
});

describe("a subscriber is refused", () => {
  test.each([
    ["an empty offer", "", "sdp_malformed"],
    ["garbage", "v=0\r\nnonsense", "sdp_malformed"],
    ["a huge offer", "v=0\r\n".concat("a=x\r\n".repeat(60_000)), "sdp_too_large"],
  ])("with %s", async (_, offer, reason) => {
    await open();
    const refused = provider.subscribe(await rooms.grant(provider, "bob"), offer);
    await expect(refused).rejects.toMatchObject({ code: "VALIDATION_ERROR", metadata: { reason } });
    expect(await provider.stats()).toMatchObject({ subscribers: 0 });
  });

  test("when the room is full of others; observers take nobody's place", async () => {
    await open({ roomLimit: 1 });
    await rooms.publish(provider, "ann");
    await rooms.subscribe(provider, "ann");
    await expect(rooms.subscribe(provider, "bob")).rejects.toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "room_full", limit: 1 },
    });
    await rooms.subscribe(provider, "cem", { role: "observer" });
    const second = rooms.subscribe(provider, "dan", { role: "observer" });
    await expect(second).rejects.toMatchObject({ metadata: { reason: "room_full" } });
  });
});

test("whoever only watches is in the room until they stop", async () => {
  await open();
  const heard: string[] = [];
  provider.onPresence(({ userId, state }) => heard.push(`${userId} ${state}`));
  const bob = await rooms.subscribe(provider, "bob", { role: "observer" });
  await vi.waitFor(() => expect(heard).toEqual(["bob joined"]), patience);
  bob.release();
  await vi.waitFor(() => expect(heard).toEqual(["bob joined", "bob left"]), patience);
});
