import { beforeEach, describe, expect, test } from "vitest";
import { transportAnswer } from "../../../test/support/transportAnswer.ts";
import { silentLog } from "../../core/log.ts";
import type { PublishRequest, SubscribeRequest } from "../contract/operations.ts";
import type { Peer, PeerChannel, PeerTrack } from "../peer/peer.ts";
import { PresenceBook } from "../presence/presenceBook.ts";
import { Revocations } from "../presence/revocations.ts";
import { Rooms } from "../rooms.ts";
import { nack, receiverReport } from "../rtp/rtcp.ts";
import type { RecordingNotice } from "./channelMessages.ts";

const sections = (direction: "sendonly" | "recvonly") =>
  ["0", "1"].flatMap((mid) => [
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 AB:CD",
    `a=mid:${mid}`,
    `a=${direction}`,
    "a=ssrc:9 cname:x",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=rtpmap:111 opus/48000/2",
  ]);
const head = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
const publishOffer = [...head, ...sections("sendonly").slice(0, 9), ""].join("\r\n");
const watchOffer = [...head, "a=group:BUNDLE 0 1", ...sections("recvonly"), ""].join("\r\n");

/** RTP with a level; 30 dB below full. */
const voice = (sequence: number): Buffer => {
  const packet = Buffer.alloc(24);
  packet.writeUInt16BE(0x906f, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(9, 8);
  packet.writeUInt32BE(0xbede0001, 12);
  packet.writeUInt32BE(0x101e0000, 16);
  return packet;
};

class FakePeer implements Peer {
  closed = false;
  /** By mid. */
  sent: Record<string, number> = {};
  told: Record<string, unknown>[] = [];
  channelClosed = false;
  deliver: (packet: Buffer) => void = () => undefined;
  say: (text: string) => void = () => undefined;
  /** Feedback of a watcher. */
  feedBack: (rtcp: Buffer) => void = () => undefined;
  connect: () => void = () => undefined;
  end: (reason: string) => void = () => undefined;
  #opens: (() => void)[] = [];
  #track: (track: PeerTrack) => void = () => undefined;
  #channel: (channel: PeerChannel) => void = () => undefined;
  onTrack(listener: (track: PeerTrack) => void): void {
    this.#track = listener;
  }
  onChannel(listener: (channel: PeerChannel) => void): void {
    this.#channel = listener;
  }
  onConnected(listener: () => void): void {
    this.connect = listener;
  }
  onClosed(listener: (reason: string) => void): void {
    this.end = listener;
  }
  addTrack({ mid }: { mid: string }) {
    return {
      mid,
      onMessage: (listener: (rtcp: Buffer) => void) => {
        this.feedBack = listener;
      },
      onOpen: (listener: () => void) => this.#opens.push(listener),
      send: () => {
        this.sent[mid] = (this.sent[mid] ?? 0) + 1;
        return true;
      },
    };
  }
  async answer(): Promise<string> {
    this.#track({
      mid: "0",
      onMessage: (listener) => {
        this.deliver = listener;
      },
      send: () => true,
    });
    return transportAnswer;
  }
  close(): void {
    this.closed = true;
  }
  /** Connected, with the room's channel. */
  open(label = "room"): void {
    this.connect();
    for (const opened of this.#opens) opened();
    this.#channel({
      label,
      onMessage: (listener) => {
        this.say = listener;
      },
      onClosed: () => undefined,
      send: (message) => {
        this.told.push(JSON.parse(message));
        return true;
      },
      close: () => {
        this.channelClosed = true;
      },
    });
  }
}

let now: number;
let peers: FakePeer[];
let rooms: Rooms;
let revocations: Revocations;
let presence: PresenceBook;

beforeEach(() => {
  now = 1000;
  peers = [];
  presence = new PresenceBook([], () => now);
  revocations = new Revocations({}, () => now);
  const deps = {
    peers: () => {
      const peer = new FakePeer();
      peers.push(peer);
      return peer;
    },
    presence,
    revocations,
    log: silentLog,
    now: () => now,
    newId: () => `session${peers.length}`,
    random32: () => 1,
  };
  const limits = { maxParticipants: 3, maxPublishers: 9, maxSubscribers: 20 };
  const patience = { pendingMs: 10_000, silenceMs: 60_000, subscriberSilenceMs: 10_000 };
  rooms = new Rooms({ ...limits, ...patience, videoKbps: 1, maxKbps: 30_000, startKbps: 1 }, deps);
});

const room = () => rooms.open("r");
const subscriptions = () => room().subscriptions;
const record = (notice: RecordingNotice | undefined) => {
  room().capture = notice && { attach: () => 0, detach: () => 0, notice };
};
const person = (userId: string) => ({
  roomId: "r",
  user: { id: userId, name: userId.toUpperCase() },
  role: "participant" as const,
  maxParticipants: 8,
  issuedAt: now,
});
const lastPeer = (): FakePeer => peers.at(-1) ?? new FakePeer();
const publish = async (userId: string, over: Partial<PublishRequest> = {}): Promise<FakePeer> => {
  await rooms.publish({ ...person(userId), source: "camera", offer: publishOffer, ...over });
  const peer = lastPeer();
  peer.connect();
  peer.deliver(voice(1));
  return peer;
};
const ask = (userId: string, over: Partial<SubscribeRequest> = {}) =>
  rooms.subscribe({ ...person(userId), offer: watchOffer, ...over });
const watch = async (userId: string, over: Partial<SubscribeRequest> = {}): Promise<FakePeer> => {
  await ask(userId, over);
  const peer = lastPeer();
  peer.open();
  return peer;
};
const pass = (ms: number): void => {
  now += ms;
  subscriptions().tick(now);
};
const states = (peer: FakePeer) => peer.told.filter(({ type }) => type === "room");

describe("the room's state", () => {
  test("is told at once, whole, and again when it changes", async () => {
    const ann = await publish("ann");
    const bob = await watch("bob");
    pass(100);
    const annView = { userId: "ann", name: "ANN", role: "participant", screen: null };
    const bobView = { userId: "bob", name: "BOB", role: "participant", camera: null, screen: null };
    const camera = { slot: 0, audio: true, video: false };
    expect(states(bob)).toEqual([
      {
        type: "room",
        revision: 1,
        self: "bob",
        people: [{ ...annView, camera }, bobView],
        speaker: "ann",
        recording: null,
      },
    ]);
    ann.end("transport_closed");
    pass(100);
    expect(states(bob).slice(1)).toMatchObject([{ revision: 2, people: [bobView], speaker: null }]);
  });

  test("tells a person which of their own publications has ended, and why; nobody else", async () => {
    const bob = await watch("bob");
    const ann = await watch("ann");
    await publish("ann");
    await publish("ann");
    const ended = (peer: FakePeer) => peer.told.filter(({ type }) => type === "unpublished");
    expect(ended(ann)).toEqual([
      { type: "unpublished", source: "camera", session: "session3", reason: "replaced" },
    ]);
    expect(ended(bob)).toEqual([]);
  });

  test("is told at most ten times a second, and not without a change", async () => {
    const bob = await watch("bob");
    pass(100);
    for (let i = 0; i < 20; i++) {
      bob.say(JSON.stringify({ type: "media", source: "camera", audio: i % 2 === 0, video: true }));
      pass(10);
    }
    await publish("ann");
    for (let i = 0; i < 40; i++) pass(10);
    expect(states(bob)).toHaveLength(2);
  });

  test("follows the recording", async () => {
    const bob = await watch("bob");
    pass(100);
    const recording = { recordingId: "rec", startedAt: 5, pausedMs: 0 };
    record({ ...recording, paused: false, pausedAt: null });
    pass(100);
    record({ ...recording, paused: true, pausedAt: 7 });
    pass(100);
    record(undefined);
    pass(100);
    expect(states(bob).map((state) => state["recording"])).toEqual([
      null,
      { recordingId: "rec", startedAt: 5, paused: false, pausedAt: null, pausedMs: 0 },
      { recordingId: "rec", startedAt: 5, paused: true, pausedAt: 7, pausedMs: 0 },
      null,
    ]);
  });

  test("tells who is muted, until they have left the room", async () => {
    await publish("ann");
    const bob = await watch("bob");
    const ann = await watch("ann", { client: "x" });
    ann.say(JSON.stringify({ type: "media", source: "camera", audio: false, video: false }));
    pass(100);
    expect(states(bob).at(-1)).toMatchObject({
      people: [{ camera: { audio: false } }, {}],
      speaker: null,
    });
    room().remove("ann");
    pass(100);
    await publish("ann");
    pass(100);
    expect(states(bob).at(-1)).toMatchObject({ people: [{}, { camera: { audio: true } }] });
  });

  test("says that a publication has no slot any more", async () => {
    for (const user of ["ann", "cem", "dan"]) await publish(user);
    const bob = await watch("ann");
    expect(states(bob)).toEqual([]);
    pass(100);
    const cameras = (states(bob).at(-1) as { people: { camera: { slot: number } }[] }).people;
    expect(cameras.map(({ camera }) => camera.slot)).toEqual([null, 0, 1]);
  });
});

describe("messages", () => {
  test.each(["no JSON", "[]", '{"type":"tomorrow"}', '{"type":"media","source":"x"}'])(
    "that are not known are ignored: %s",
    async (text) => {
      const bob = await watch("bob");
      bob.say(text);
      expect(bob.told).toEqual([]);
      expect(bob.channelClosed).toBe(false);
    },
  );

  test("a ping is answered", async () => {
    const bob = await watch("bob");
    bob.say('{"type":"ping"}');
    expect(bob.told).toEqual([{ type: "pong" }]);
  });

  test("too long a message closes the channel, not the subscription", async () => {
    const bob = await watch("bob");
    bob.say(`"${"ö".repeat(2100)}"`);
    expect([bob.channelClosed, bob.closed]).toEqual([true, false]);
  });

  test("too many in a second close the channel, and nothing more is read from it", async () => {
    const bob = await watch("bob");
    for (let i = 0; i < 300; i++) {
      bob.say('{"type":"ping"}');
      if (i % 50 === 49) now += 1000;
    }
    expect([bob.channelClosed, bob.told.length]).toEqual([false, 300]);
    for (let i = 0; i < 300; i++) bob.say('{"type":"ping"}');
    expect([bob.channelClosed, bob.told.length, bob.closed]).toEqual([true, 400, false]);
  });

  test("a channel of another name is closed", async () => {
    await ask("bob");
    lastPeer().open("chat");
    expect(lastPeer().channelClosed).toBe(true);
  });

  test("whoever opens channel after channel is not served any more", async () => {
    const bob = await watch("bob");
    for (let i = 0; i < 8; i++) bob.open();
    expect(bob.closed).toBe(false);
    bob.open("chat");
    expect(bob.closed).toBe(true);
  });
});

describe("media", () => {
  test("of others is sent, one's own is not", async () => {
    const ann = await publish("ann");
    const own = await watch("ann");
    const bob = await watch("bob");
    ann.deliver(voice(2));
    expect([own.sent, bob.sent]).toEqual([{}, { "0": 1 }]);
  });

  test("of one person is sent when only they are asked for", async () => {
    const target = { userId: "cem", source: "camera" } as const;
    const bob = await watch("bob", { target });
    await publish("ann");
    await publish("cem");
    expect(bob.sent).toEqual({ "0": 1 });
  });

  test("waits for a slot that is free", async () => {
    const bob = await watch("bob");
    const [ann] = [await publish("ann"), await publish("cem"), await publish("dan")];
    expect(bob.sent).toEqual({ "0": 1, "1": 1 });
    ann.end("transport_closed");
    peers[3]?.deliver(voice(2));
    expect(bob.sent).toEqual({ "0": 2, "1": 1 });
  });
});

describe("a subscription", () => {
  test("that does not connect is closed, and was never presence", async () => {
    await ask("bob");
    pass(9999);
    expect(lastPeer().closed).toBe(false);
    pass(1);
    expect(lastPeer().closed).toBe(true);
    expect(presence.entries).toEqual([]);
  });

  test("with a channel ends after ten seconds without a word", async () => {
    const bob = await watch("bob");
    pass(9000);
    bob.say('{"type":"ping"}');
    pass(9999);
    expect(bob.closed).toBe(false);
    pass(1);
    expect(bob.closed).toBe(true);
    expect(presence.isIn("r", "bob")).toBe(false);
  });

  test("without media and channel is not expected to say anything", async () => {
    await ask("bob");
    lastPeer().connect();
    for (let i = 0; i < 60; i++) pass(1000);
    expect(lastPeer().closed).toBe(false);
  });

  test("survives a pause of this process", async () => {
    const bob = await watch("bob");
    subscriptions().forgive(60_000);
    pass(60_000);
    expect(bob.closed).toBe(false);
  });

  test("is told why it ends", async () => {
    const bob = await watch("bob");
    room().close("room_closed");
    expect(bob.told.at(-1)).toEqual({ type: "end", reason: "room_closed" });
    expect([bob.closed, rooms.sessions]).toEqual([true, 0]);
    const again = await watch("bob");
    room().remove("bob");
    expect(again.told.at(-1)).toEqual({ type: "end", reason: "removed" });
    expect(again.closed).toBe(true);
  });

  test("replaces the same client's earlier one, without the person leaving", async () => {
    const changes: string[] = [];
    presence.onChange(({ state }) => changes.push(state));
    const first = await watch("bob", { client: "a" });
    await watch("bob", { client: "a" });
    await watch("bob", { client: "b" });
    expect([first.closed, rooms.sessions]).toEqual([true, 2]);
    rooms.close("shutdown");
    expect(changes.at(-1)).toBe("left");
  });

  test("is ended by its owner alone", async () => {
    const { sessionId } = await ask("bob");
    expect(subscriptions().find("ann", sessionId)).toBeUndefined();
    expect(rooms.open("x").subscriptions.find("bob", sessionId)).toBeUndefined();
    subscriptions().find("bob", sessionId)?.close("unsubscribed");
    expect(subscriptions().find("bob", sessionId)).toBeUndefined();
  });
});

describe("a subscriber is refused", () => {
  test("with a token from before their removal", async () => {
    revocations.revoke("r", "bob");
    await expect(ask("bob")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });

  test("when the room is full of other people", async () => {
    for (const user of ["ann", "cem"]) await publish(user);
    await ask("bob");
    const metadata = { reason: "room_full", limit: 3 };
    await expect(ask("dan")).rejects.toMatchObject({ code: "CONFLICT", metadata });
    await expect(ask("ann")).resolves.toBeDefined();
    await expect(ask("dan", { role: "observer" })).resolves.toBeDefined();
  });

  test("for the ninth window", async () => {
    for (let i = 0; i < 8; i++) await ask("bob");
    const metadata = { reason: "too_many_subscriptions", limit: 8 };
    await expect(ask("bob")).rejects.toMatchObject({ code: "CONFLICT", metadata });
  });

  test("when the server has enough", async () => {
    for (let i = 0; i < 20; i++) await ask(`user${i}`, { roomId: `room${i}` });
    const metadata = { reason: "server_full", limit: 20 };
    await expect(ask("late")).rejects.toMatchObject({ code: "CONFLICT", metadata });
  });

  test("but not for attempts of one person in many rooms", async () => {
    for (let i = 0; i < 60; i++) await ask("eve", { roomId: `room${i}` });
    await expect(ask("late")).resolves.toMatchObject({ sessionId: expect.any(String) });
  });

  test("with an offer that is none, before anything is opened", async () => {
    await expect(ask("bob", { offer: "x" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    expect(peers).toEqual([]);
  });
});

describe("a watcher", () => {
  /** For a second, `perSecond` times, feedback that asks for `packets` packets. */
  const askFor = (peer: FakePeer, perSecond: number, packets: number) => {
    const sequences = Array.from({ length: packets }, (_, index) => index * 2);
    const rtcp = packets === 0 ? receiverReport(1) : nack(1, 2, sequences);
    for (let index = 0; index < perSecond; index++) {
      now += 1000 / perSecond;
      peer.feedBack(rtcp);
    }
  };

  test("that asks for very many packets again and again is not served any more", async () => {
    const bob = await watch("bob");
    askFor(bob, 100, 100);
    expect(bob.closed).toBe(false);
    askFor(bob, 100, 250);
    expect(bob.closed).toBe(true);
    expect(bob.told.at(-1)).toMatchObject({ type: "end", reason: "asked_too_much" });
  });

  test("that floods with feedback is not served any more, and one that reports often is", async () => {
    const [bob, cid] = [await watch("bob"), await watch("cid")];
    for (let second = 0; second < 20; second++) askFor(cid, 400, 0);
    expect(cid.closed).toBe(false);
    askFor(bob, 11_000, 0);
    expect(bob.told.at(-1)).toMatchObject({ type: "end", reason: "too_much_feedback" });
    expect(cid.closed).toBe(false);
  });
});
