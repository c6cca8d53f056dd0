import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../api/apiError.ts";
import type { AccessSource } from "./access.ts";
import { LocalMedia } from "./local/localMedia.ts";
import { RoomConnection } from "./roomConnection.ts";
import { created, FakeBrowser, FakePeer, refused, settled } from "./testing/fakeBrowser.ts";
import { FakeDevices } from "./testing/fakeDevices.ts";

const iceServers: RTCIceServer[] = [];
let browser: FakeBrowser;
let local: LocalMedia;
let connection: RoomConnection;
let tokens: number;
let access: AccessSource;

beforeEach(async () => {
  FakePeer.connects = true;
  browser = new FakeBrowser();
  local = new LocalMedia({ devices: new FakeDevices() });
  await local.start();
  tokens = 1;
  access = {
    get: async (fresh) => {
      if (fresh) tokens += 1;
      return { roomUrl: "http://server/rooms/room_1", token: `token ${tokens}`, iceServers };
    },
  };
  connection = connect();
});

afterEach(() => {
  connection.stop();
  local.close();
});

const connect = (mayPublish = true) =>
  new RoomConnection({
    env: browser,
    access: { get: (fresh) => access.get(fresh) },
    local,
    clientId: "me",
    mayPublish,
  });

const phase = () => connection.get().phase;
const posted = (path: string) =>
  browser.requests.filter((request) => request.startsWith("POST") && request.includes(path)).length;

/** Of the two connections of somebody with a camera: the one that receives is opened first. */
const receiving = (): FakePeer => newest(20);
const publishing = (): FakePeer => newest(2);

function newest(lines: number): FakePeer {
  const peer = browser.peers.filter(({ senders }) => senders.length === lines).at(-1);
  if (peer === undefined) throw new Error("there is no such connection");
  return peer;
}

function say(camera: object | null, revision = 1): void {
  const people = [{ userId: "ada", name: "Ada", role: "host", camera, screen: null }];
  const message = { type: "room", revision, self: "ada", people, speaker: null, recording: null };
  receiving().channel.say(message);
}

async function joined(): Promise<void> {
  connection.start();
  await browser.pass(0);
  expect(phase()).toEqual({ name: "connected" });
}

it("publishes and receives, and tells what is on", async () => {
  connection.start();
  expect(phase()).toEqual({ name: "connecting" });
  await browser.pass(0);
  expect(phase()).toEqual({ name: "connected" });
  expect(receiving().channel.sent).toContainEqual({
    type: "media",
    source: "camera",
    audio: true,
    video: true,
  });
  expect(publishing().senders.map(({ track }) => track)).toEqual([
    local.get().microphone.track,
    local.get().camera.track,
  ]);
});

describe("while it is being connected", () => {
  /** The first way to the room was refused; others are being gathered. */
  async function refusedOnce(): Promise<FakePeer[]> {
    FakePeer.connects = false;
    connection.start();
    await browser.pass(0);
    const peers = [publishing(), receiving()];
    for (const peer of peers) {
      peer.gather("gathering");
      peer.become("failed");
    }
    await browser.pass(5000);
    expect([posted("whip"), posted("whep")]).toEqual([1, 1]);
    return peers;
  }

  it("waits for another way when one is refused", async () => {
    for (const peer of await refusedOnce()) {
      peer.become("connecting");
      peer.gather("complete");
      peer.become("connected");
    }
    await browser.pass(10_000);
    expect([posted("whip"), posted("whep")]).toEqual([1, 1]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("tries again once there is no other", async () => {
    const peers = await refusedOnce();
    FakePeer.connects = true;
    for (const peer of peers) peer.gather("complete");
    await browser.pass(1000);
    expect([posted("whip"), posted("whep")]).toEqual([2, 2]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it.each([true, false])(
    "says within 15 s that media does not get through, and what to do, until it does",
    async (online) => {
      FakePeer.connects = false;
      browser.online = online;
      connection.start();
      await browser.pass(14_000);
      expect(phase()).toMatchObject({
        name: "reconnecting",
        reason: expect.stringContaining("do not get through"),
        advice: expect.stringContaining("Chrome"),
      });
      FakePeer.connects = true;
      await browser.pass(20_000);
      expect(phase()).toEqual({ name: "connected" });
    },
  );

  it("tries again when nothing comes of it", async () => {
    await refusedOnce();
    FakePeer.connects = true;
    await browser.pass(6000);
    expect([posted("whip"), posted("whep")]).toEqual([2, 2]);
    expect(phase()).toEqual({ name: "connected" });
  });
});

it("exchanges tracks in the same session", async () => {
  await joined();
  await local.setOn("camera", false);
  await settled();
  expect(publishing().senders[1]?.track).toBeNull();
  await local.setOn("camera", true);
  await settled();
  expect(publishing().senders[1]?.track).toBe(local.get().camera.track);
  expect(posted("whip")).toBe(1);
  expect(phase()).toEqual({ name: "connected" });
});

it("shows people with what is received of them", async () => {
  await joined();
  const grace = { userId: "grace", name: "Grace", camera: { slot: 3, audio: true, video: false } };
  receiving().channel.say({ type: "room", revision: 2, self: "ada", people: [grace] });
  const [person] = connection.get().people;
  expect(person).toMatchObject({ name: "Grace", isSelf: false, screen: undefined });
  expect(person?.camera).toMatchObject({ audio: true, video: false, slot: 3 });
  expect(person?.camera?.received).toBeDefined();
});

it("takes no older state for a newer one", async () => {
  await joined();
  say({ slot: null, audio: true, video: true }, 5);
  say(null, 4);
  expect(connection.get().people[0]?.camera).toBeDefined();
});

describe("comes back by itself", () => {
  it("when nothing is heard on the channel", async () => {
    await joined();
    receiving().channel.answers = false;
    await browser.pass(20_000);
    expect(posted("whep")).toBe(2);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("within seconds when the room's process has been started again and knows nobody", async () => {
    await joined();
    receiving().channel.answers = false;
    browser.answer = (_, method) => (method === "GET" ? refused(404, "NOT_FOUND") : created());
    await browser.pass(2500);
    expect(browser.requests).toContain("GET http://server/rooms/room_1/sessions/session");
    expect([posted("whip"), posted("whep")]).toEqual([2, 2]);
    expect(browser.requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it.each([
    ["it still knows us", () => new Response(null, { status: 204 })],
    ["it does not answer", () => Promise.reject(new TypeError("network"))],
    ["the token has run out", () => refused(401, "UNAUTHORIZED")],
  ])("not while a disturbance is short and %s", async (_, told) => {
    await joined();
    receiving().channel.answers = false;
    browser.answer = (_url, method) => (method === "GET" ? told() : created());
    await browser.pass(6000);
    receiving().channel.answers = true;
    await browser.pass(10_000);
    expect([posted("whip"), posted("whep")]).toEqual([1, 1]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("when the room's process is gone for a while: publishes and receives again", async () => {
    await joined();
    browser.answer = () => refused(503, "EXTERNAL_SERVICE_TIMEOUT");
    for (const peer of [publishing(), receiving()]) peer.become("failed");
    await browser.pass(500);
    expect(phase()).toMatchObject({ name: "reconnecting" });
    await browser.pass(30_000);
    const [whip, whep] = [posted("whip"), posted("whep")];
    expect(whep).toBeGreaterThan(3);
    expect(whep).toBeLessThan(14);
    browser.answer = () => created();
    await browser.pass(9000);
    expect([posted("whip"), posted("whep")]).toEqual([whip + 1, whep + 1]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("as soon as the server says that it ends the connection, without hanging up", async () => {
    await joined();
    receiving().channel.say({ type: "end", reason: "shutdown" });
    expect(phase()).toMatchObject({ name: "reconnecting" });
    await browser.pass(500);
    expect(posted("whep")).toBe(2);
    expect(browser.requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("when a disturbance lasts, and not when it passes", async () => {
    await joined();
    receiving().become("disconnected");
    await browser.pass(2500);
    receiving().become("connected");
    await browser.pass(5000);
    expect(posted("whep")).toBe(1);
    receiving().become("disconnected");
    await browser.pass(3500);
    expect(posted("whep")).toBe(2);
  });

  it("as soon as the device is on the network again, and says what is wrong meanwhile", async () => {
    await joined();
    browser.online = false;
    browser.answer = () => Promise.reject(new TypeError("network"));
    receiving().become("failed");
    await browser.pass(60_000);
    expect(phase()).toEqual({
      name: "reconnecting",
      reason: "This device is not connected to a network.",
    });
    const before = posted("whep");
    browser.answer = () => created();
    browser.comeOnline();
    await browser.pass(0);
    expect(posted("whep")).toBe(before + 1);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("tells the new session what was told to the last", async () => {
    await joined();
    await local.setOn("microphone", false);
    connection.wantVideo([2, 0]);
    receiving().become("failed");
    await browser.pass(1000);
    const { sent } = receiving().channel;
    expect(sent).toContainEqual({ type: "media", source: "camera", audio: false, video: true });
    expect(sent).toContainEqual({ type: "video", slots: [0, 2] });
  });

  it("with a new token when the last has run out", async () => {
    await joined();
    browser.answer = (_, method) =>
      method === "POST" && tokens === 1 ? refused(401, "UNAUTHORIZED") : created();
    receiving().become("failed");
    await browser.pass(1000);
    expect(tokens).toBe(2);
    expect(phase()).toEqual({ name: "connected" });
  });
});

describe("stays away", () => {
  const cases: [string, ApiError, object][] = [
    ["after a removal", new ApiError("NOT_FOUND", "no", 404), { name: "removed" }],
    ["after the end", new ApiError("MEETING_NOT_ACTIVE", "over", 400), { name: "ended" }],
  ];
  it.each(cases)("%s", async (_, error, expected) => {
    await joined();
    browser.answer = () => refused(401, "UNAUTHORIZED");
    access = {
      get: async (fresh) => {
        if (fresh) throw error;
        return { roomUrl: "http://server/rooms/room_1", token: "old", iceServers };
      },
    };
    receiving().sayGoodbye();
    await browser.pass(1000);
    expect(phase()).toEqual(expected);
    const { length } = browser.requests;
    await browser.pass(60_000);
    expect(browser.requests).toHaveLength(length);
  });

  it("when the room is full, until it is tried again", async () => {
    browser.answer = (url) =>
      url.includes("whip") ? refused(409, "CONFLICT", { reason: "room_full" }) : created();
    connection.start();
    await browser.pass(0);
    expect(phase()).toMatchObject({ name: "refused", error: { code: "CONFLICT" } });
    browser.answer = () => created();
    connection.start();
    await browser.pass(0);
    expect(phase()).toEqual({ name: "connected" });
  });

  it("as soon as the room says that another window has taken over", async () => {
    await joined();
    const session = "session";
    receiving().channel.say({
      type: "unpublished",
      source: "camera",
      session: "an earlier one",
      reason: "replaced",
    });
    expect(phase()).toEqual({ name: "connected" });
    receiving().channel.say({ type: "unpublished", source: "camera", session, reason: "replaced" });
    expect(phase()).toEqual({ name: "elsewhere" });
  });

  it("when the same person has joined elsewhere and the room did not say so", async () => {
    await joined();
    say({ slot: null, audio: true, video: true });
    publishing().sayGoodbye();
    await browser.pass(3000);
    expect(phase()).toEqual({ name: "elsewhere" });
    expect(posted("whip")).toBe(1);
  });
});

it("publishes again when the publication was ended for silence", async () => {
  await joined();
  say({ slot: null, audio: true, video: true }, 1);
  say(null, 2);
  publishing().sayGoodbye();
  await browser.pass(3000);
  expect(posted("whip")).toBe(2);
  expect(phase()).toEqual({ name: "connected" });
});

it("an observer only receives", async () => {
  connection = connect(false);
  await joined();
  expect(posted("whip")).toBe(0);
});

it("somebody without devices listens, and publishes with the first that is switched on", async () => {
  await local.setOn("camera", false);
  local.close();
  await joined();
  expect(posted("whip")).toBe(0);
  await local.start();
  await settled();
  expect(phase()).toEqual({ name: "connected" });
  await browser.pass(0);
  expect(posted("whip")).toBe(1);
});

it("says goodbye when it leaves", async () => {
  await joined();
  connection.stop();
  const ended = browser.requests.filter((request) => request.startsWith("DELETE"));
  expect(ended).toHaveLength(2);
  await browser.pass(60_000);
  expect(posted("w")).toBe(2);
});

describe("a shared screen", () => {
  it("is a publication of its own until it is ended in the browser", async () => {
    await joined();
    const screen = await new FakeDevices().getUserMedia({ video: true });
    expect(await connection.shareScreen(async () => screen)).toBe(true);
    await browser.pass(0);
    expect(posted("whip?source=screen")).toBe(1);
    expect(connection.get().sharing).toBe(true);
    const told = { type: "media", source: "screen", audio: false, video: true };
    expect(receiving().channel.sent).toContainEqual(told);
    screen.getTracks()[0]?.dispatchEvent(new Event("ended"));
    expect(connection.get().sharing).toBe(false);
  });

  it("is not shared when its person changes their mind", async () => {
    await joined();
    const calledOff = async () => {
      throw new DOMException("no", "NotAllowedError");
    };
    expect(await connection.shareScreen(calledOff)).toBe(false);
    expect(connection.get().sharing).toBe(false);
  });
});
