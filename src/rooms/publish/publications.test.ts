import { beforeEach, describe, expect, test } from "vitest";
import { transportAnswer } from "../../../test/support/transportAnswer.ts";
import { silentLog } from "../../core/log.ts";
import type { RoomPresence } from "../../video/port.ts";
import type { PublishRequest } from "../contract/operations.ts";
import type { Peer, PeerTrack } from "../peer/peer.ts";
import { PresenceBook } from "../presence/presenceBook.ts";
import { Revocations } from "../presence/revocations.ts";
import { Rooms } from "../rooms.ts";

const offer = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=fingerprint:sha-256 AB:CD",
  "a=mid:0",
  "a=sendonly",
  "a=rtpmap:111 opus/48000/2",
  "",
].join("\r\n");
const media = Buffer.concat([
  Buffer.from([0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9]),
  Buffer.from("opus"),
]);
const control = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]);

class FakePeer implements Peer {
  closed = false;
  refuses = false;
  offered = "";
  sent: Buffer[] = [];
  deliver: (packet: Buffer) => void = () => undefined;
  connect: () => void = () => undefined;
  end: (reason: string) => void = () => undefined;
  #track: (track: PeerTrack) => void = () => undefined;
  onTrack(listener: (track: PeerTrack) => void): void {
    this.#track = listener;
  }
  onConnected(listener: () => void): void {
    this.connect = listener;
  }
  onClosed(listener: (reason: string) => void): void {
    this.end = listener;
  }
  async answer(offered: string): Promise<string> {
    this.offered = offered;
    if (this.refuses) throw new Error("unknown attribute");
    this.#track({
      mid: "0",
      onMessage: (listener) => {
        this.deliver = listener;
      },
      send: (packet) => this.sent.push(packet) > 0,
    });
    return transportAnswer;
  }
  onChannel(): void {}
  addTrack(): never {
    throw new Error("a publisher is sent nothing");
  }
  close(): void {
    this.closed = true;
  }
}

let now: number;
let wall: number;
let peers: FakePeer[];
let rooms: Rooms;
let presence: PresenceBook;
let revocations: Revocations;
let changes: string[];
let heard: string[];
let refuseNext: boolean;

beforeEach(() => {
  now = 0;
  wall = 1_000_000;
  peers = [];
  changes = [];
  heard = [];
  refuseNext = false;
  presence = new PresenceBook([], () => wall);
  presence.onChange(({ userId, state }: RoomPresence) => changes.push(`${userId} ${state}`));
  revocations = new Revocations({}, () => wall);
  rooms = new Rooms(
    {
      pendingMs: 10_000,
      silenceMs: 5000,
      videoKbps: 2500,
      maxKbps: 30_000,
      startKbps: 1500,
      maxParticipants: 3,
      maxPublishers: 5,
      maxSubscribers: 5,
      subscriberSilenceMs: 10_000,
    },
    {
      peers: () => {
        const peer = new FakePeer();
        peer.refuses = refuseNext;
        peers.push(peer);
        return peer;
      },
      presence,
      revocations,
      log: silentLog,
      now: () => now,
      newId: () => `session${peers.length}`,
      random32: () => 1,
    },
  );
  rooms.open("r").capture = {
    attach: ({ user }) => heard.push(`${user.id} joined`),
    detach: ({ user }, reason, left) => heard.push(`${user.id} ${reason}${left ? " left" : ""}`),
    notice: { recordingId: "r1", startedAt: 0, paused: false, pausedAt: null, pausedMs: 0 },
  };
});

const publications = () => rooms.open("r").publications;
const ask = (userId: string, over: Partial<PublishRequest> = {}) =>
  rooms.publish({
    roomId: "r",
    user: { id: userId, name: userId },
    role: "participant",
    maxParticipants: 8,
    issuedAt: wall,
    source: "camera",
    offer,
    ...over,
  });
const live = async (userId: string, over: Partial<PublishRequest> = {}): Promise<FakePeer> => {
  await ask(userId, over);
  const peer = peers.at(-1) ?? new FakePeer();
  peer.connect();
  peer.deliver(media);
  return peer;
};

describe("presence", () => {
  test("begins with media, not with the offer or RTCP", async () => {
    await ask("ann");
    peers[0]?.connect();
    peers[0]?.deliver(control);
    expect(changes).toEqual([]);
    peers[0]?.deliver(media);
    peers[0]?.deliver(media);
    expect(changes).toEqual(["ann joined"]);
    expect(publications().publishing).toHaveLength(1);
  });

  test("ends when the transport ends", async () => {
    const peer = await live("ann");
    peer.end("transport_closed");
    expect(changes).toEqual(["ann joined", "ann left"]);
    expect(heard).toEqual(["ann joined", "ann transport_closed left"]);
  });

  test("ends five seconds after the last packet, RTCP included, and its connection a minute later", async () => {
    const peer = await live("ann");
    now = 4000;
    peer.deliver(control);
    rooms.tick(8999);
    expect(changes).toEqual(["ann joined"]);
    rooms.tick(9000);
    expect(changes).toEqual(["ann joined", "ann left"]);
    rooms.tick(68_999);
    expect(peer.closed).toBe(false);
    rooms.tick(69_000);
    expect(peer.closed).toBe(true);
    expect(changes).toEqual(["ann joined", "ann left"]);
  });

  test("begins again when media comes after a silence, as of a laptop that slept", async () => {
    const peer = await live("ann");
    rooms.tick(8000);
    expect(publications().publishing).toEqual([]);
    now = 12_000;
    peer.deliver(media);
    expect(changes).toEqual(["ann joined", "ann left", "ann joined"]);
    rooms.tick(16_999);
    expect(peer.closed).toBe(false);
  });

  test("survives a pause of this process", async () => {
    await live("ann");
    now = 60_000;
    rooms.forgive(60_000);
    rooms.tick(now);
    expect(changes).toEqual(["ann joined"]);
  });

  test("goes on when a second session replaces the first", async () => {
    const first = await live("ann");
    const second = await live("ann");
    expect(first.closed).toBe(true);
    expect(changes).toEqual(["ann joined"]);
    second.end("transport_failed");
    expect(changes).toEqual(["ann joined", "ann left"]);
    expect(heard).toEqual([
      "ann joined",
      "ann replaced",
      "ann joined",
      "ann transport_failed left",
    ]);
  });

  test("ends when the replacing session never connects", async () => {
    await live("ann");
    await ask("ann");
    rooms.tick(10_000);
    expect(changes).toEqual(["ann joined", "ann left"]);
  });
});

describe("a screen", () => {
  const screen = { source: "screen" } as const;

  test("is published beside the camera, and presence ends with the last of the two", async () => {
    const camera = await live("ann");
    const shared = await live("ann", screen);
    expect(publications().publishing.map(({ source }) => source)).toEqual(["camera", "screen"]);
    camera.end("transport_closed");
    expect(changes).toEqual(["ann joined"]);
    shared.end("transport_closed");
    expect(changes).toEqual(["ann joined", "ann left"]);
    expect(heard.slice(-2)).toEqual(["ann transport_closed", "ann transport_closed left"]);
  });

  test("replaces the same person's earlier screen only", async () => {
    const camera = await live("ann");
    const first = await live("ann", screen);
    await live("ann", screen);
    expect([camera.closed, first.closed]).toEqual([false, true]);
  });

  test("takes nobody's place, and there are no more of them than people", async () => {
    for (const user of ["ann", "bob", "cem"]) await ask(user, { maxParticipants: 3 });
    for (const user of ["ann", "bob"]) await ask(user, { maxParticipants: 3, ...screen });
    await expect(ask("cem", { maxParticipants: 2, ...screen })).rejects.toMatchObject({
      metadata: { reason: "room_full" },
    });
  });
});

describe("one transport carries all lines of a publisher", () => {
  const line = (mid: string, kind = "video", codec = "VP8/90000", format = 96) =>
    offer
      .slice(offer.indexOf("m=audio"))
      .replace("m=audio", `m=${kind}`)
      .replaceAll("111", `${format}`)
      .replace("opus/48000/2", codec)
      .replace("a=mid:0", `a=mid:${mid}`);
  const head = `${offer.slice(0, offer.indexOf("m=audio"))}a=group:BUNDLE 0 1 2 3\r\n`;
  const sound = offer.slice(offer.indexOf("m=audio"));
  const both = `${head}${sound}${line("1")}`;
  const packet = (ssrc: number, payloadType: number) => {
    const copy = Buffer.from(media);
    copy.writeUInt8(payloadType, 1);
    copy.writeUInt32BE(ssrc, 8);
    return copy;
  };
  const report = (ssrc: number) => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt32BE(0x80c80006, 0);
    bytes.writeUInt32BE(ssrc, 4);
    bytes.writeUInt32BE(2_208_988_801, 8);
    return bytes;
  };

  test("which is offered one of them", async () => {
    const peer = await live("ann", { offer: both });
    expect(peer.offered.match(/^m=/gm)).toHaveLength(1);
    expect(publications().publishing[0]?.receivers).toHaveLength(2);
  });

  test.each(["camera", "screen"] as const)(
    "of a %s, and each that cannot be received is refused by itself",
    async (source) => {
      const lines = [line("1", "video", "VP9/90000"), sound, line("2"), line("3")];
      const { answer } = await ask("ann", { offer: head + lines.join(""), source });
      expect(answer.match(/^m=\w+ \d+|^a=mid.*|^a=group.*/gm)).toEqual([
        "a=group:BUNDLE 0 2",
        ...["m=video 0", "a=mid:1"],
        ...["m=audio 9", "a=mid:0"],
        ...["m=video 9", "a=mid:2"],
        ...["m=video 0", "a=mid:3"],
      ]);
    },
  );

  test("and each packet reaches its line, though no SSRC was announced", async () => {
    const peer = await live("ann", { offer: both });
    peer.deliver(packet(70, 96));
    peer.deliver(packet(71, 97));
    peer.deliver(Buffer.of(0x80, 96));
    const [session] = publications().publishing;
    expect(session?.receivers.map(({ ssrc }) => ssrc)).toEqual([9, 70]);
    expect(session?.oddities).toMatchObject({ strays: 2, sourceChanges: 0 });
  });

  test("as does each report, and none of an unknown SSRC", async () => {
    const peer = await live("ann", { offer: both });
    peer.deliver(packet(70, 96));
    for (const ssrc of [70, 71]) peer.deliver(report(ssrc));
    rooms.tick(1000);
    // The reception blocks of the two lines, and the sender report each echoes.
    const reports = peer.sent.filter((bytes) => bytes.readUInt32BE(0) === 0x81c90007);
    expect(reports.map((bytes) => [bytes.readUInt32BE(8), bytes.readUInt32BE(24)])).toEqual([
      [9, 0],
      [70, 0x7e810000],
    ]);
  });

  test("and what belongs to no line is nobody's presence", async () => {
    await ask("ann", { offer: both });
    peers[0]?.deliver(packet(71, 97));
    expect(changes).toEqual([]);
  });
});

test("a session that does not connect is closed after ten seconds", async () => {
  await ask("ann");
  rooms.tick(9999);
  expect(peers[0]?.closed).toBe(false);
  rooms.tick(10_000);
  expect(peers[0]?.closed).toBe(true);
  expect(rooms.sessions).toBe(0);
  expect(changes).toEqual([]);
});

describe("a publisher is refused", () => {
  test("as an observer", async () => {
    await expect(ask("ann", { role: "observer" })).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  test.each([
    ["the server's limit", 8, 3],
    ["the meeting's limit", 2, 2],
  ])("when the room is full by %s, which is told", async (_, maxParticipants, limit) => {
    for (let i = 0; i < limit; i++) await ask(`user${i}`, { maxParticipants });
    const metadata = { reason: "room_full", limit };
    await expect(ask("late", { maxParticipants })).rejects.toMatchObject({
      code: "CONFLICT",
      metadata,
    });
    await expect(ask("user0", { maxParticipants })).resolves.toBeDefined();
  });

  test("when the machine has enough, in whatever room", async () => {
    for (let i = 0; i < 5; i++) await ask(`user${i}`, { roomId: `room${i}` });
    const metadata = { reason: "server_full", limit: 5 };
    await expect(ask("late", { roomId: "other" })).rejects.toMatchObject({
      code: "CONFLICT",
      metadata,
    });
  });

  test("with an offer that is none, before anything is opened", async () => {
    await expect(ask("ann", { offer: "x" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    expect(peers).toEqual([]);
  });

  test("with an offer the transport does not take, leaving no session behind", async () => {
    refuseNext = true;
    await expect(ask("ann")).rejects.toMatchObject({ metadata: { reason: "sdp_malformed" } });
    expect(rooms.sessions).toBe(0);
    expect(peers[0]?.closed).toBe(true);
  });
});

describe("removing", () => {
  test("closes media at once and refuses tokens given so far, not later ones", async () => {
    const peer = await live("ann");
    const before = wall;
    revocations.revoke("r", "ann");
    rooms.get("r")?.remove("ann");
    expect(peer.closed).toBe(true);
    expect(changes).toEqual(["ann joined", "ann left"]);
    await expect(ask("ann", { issuedAt: before })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    await expect(ask("bob", { issuedAt: before })).resolves.toBeDefined();
    await expect(ask("ann", { issuedAt: before, roomId: "other" })).resolves.toBeDefined();
    wall += 1;
    await expect(ask("ann", { issuedAt: wall })).resolves.toBeDefined();
  });

  test("a room refuses all its tokens", async () => {
    await live("ann");
    const before = wall;
    revocations.revoke("r");
    rooms.get("r")?.close("room_closed");
    await expect(ask("bob", { issuedAt: before })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(rooms.sessions).toBe(0);
  });

  test("is remembered by the next process, and forgotten when no token can be that old", () => {
    revocations.revoke("r", "ann");
    const next = new Revocations(revocations.cutoffs, () => wall);
    expect(next.refuses("r", "ann", wall)).toBe(true);
    wall += 3 * 3600 * 1000;
    expect(next.cutoffs).toEqual({});
  });

  test("a session takes its owner and its id", async () => {
    await live("ann");
    expect(publications().find("bob", "session1")).toBeUndefined();
    expect(publications().find("ann", "session9")).toBeUndefined();
    publications().find("ann", "session1")?.close("unpublished");
    expect(publications().find("ann", "session1")).toBeUndefined();
  });
});

test("counters go on counting when sessions are over", async () => {
  const peer = await live("ann");
  const { receivedBytes } = rooms.counters;
  expect(receivedBytes).toBe(media.length);
  peer.end("transport_closed");
  expect(rooms.counters).toMatchObject({ rooms: 0, publishers: 0, tracks: 0, receivedBytes });
});

describe("a publisher who sends more than one person may", () => {
  const packet = (bytes: number) => Buffer.concat([media, Buffer.alloc(bytes)]);

  const left = async (userId: string) => {
    const peer = await live(userId);
    const [session] = publications().publishing.filter(({ user }) => user.id === userId);
    const counts = { leftOut: 0, received: 0 };
    session?.receivers[0]?.tap(
      {
        leftOut: (_, count) => {
          counts.leftOut += count;
        },
        received: () => void counts.received++,
        ...{ frame: () => true, isOn: () => true, level: () => undefined },
        ...{ senderReport: () => undefined, restart: () => undefined },
      },
      now,
    );
    return { peer, session, counts };
  };

  test("has the rest dropped, in bytes and in packets, which is told, and sends on at the rate", async () => {
    const { peer, counts, session } = await left("mallory");
    // 100 Mbit/s for 4 s.
    for (let index = 0; index < 800; index++) {
      now += 5;
      peer.deliver(packet(62_000));
    }
    const passed = 800 - counts.leftOut;
    expect(passed * 62_016).toBeGreaterThan(5 * 3_750_000);
    expect(passed * 62_016).toBeLessThan(6 * 3_750_000 + 100_000);
    expect(session?.oddities.overRate).toBe(counts.leftOut);
    now += 2000;
    const before = counts.leftOut;
    for (let index = 0; index < 20_000; index++) {
      now += 0.05;
      peer.deliver(packet(0));
    }
    // 2000 at once, and 1000 in a second.
    expect(20_000 - (counts.leftOut - before)).toBeGreaterThan(2900);
    expect(20_000 - (counts.leftOut - before)).toBeLessThan(3100);
  });

  test("takes nothing from another", async () => {
    const { peer } = await left("mallory");
    const { peer: other, counts } = await left("bob");
    for (let index = 0; index < 10_000; index++) {
      now += 1;
      for (let more = 0; more < 20; more++) peer.deliver(packet(1000));
      if (index % 20 === 0) other.deliver(packet(100));
    }
    expect(counts.leftOut).toBe(0);
  });

  test("of feedback is heard now and then only", async () => {
    const { peer, session } = await left("mallory");
    let heardOf = 0;
    for (const receiver of session?.receivers ?? []) {
      const receive = receiver.receive.bind(receiver);
      receiver.receive = (buffer, at) => {
        heardOf++;
        return receive(buffer, at);
      };
    }
    for (let index = 0; index < 10_000; index++) {
      now += 0.1;
      peer.deliver(control);
    }
    expect(heardOf).toBeLessThanOrEqual(400 + 200);
  });
});

test("attempts of one person in many rooms refuse nobody else", async () => {
  for (let room = 0; room < 60; room++) await ask("eve", { roomId: `room ${room}` });
  await live("ann");
  await live("bob", { roomId: "other" });
  expect(publications().publishing).toHaveLength(1);
});

test("who publishes in as many rooms as one person may is told so", async () => {
  for (const roomId of ["a", "b"]) await live("eve", { roomId });
  const metadata = { reason: "too_many_publications", limit: 2 };
  await expect(ask("eve", { roomId: "c" })).rejects.toMatchObject({ code: "CONFLICT", metadata });
  await live("ann");
});
