import { afterEach, beforeEach, expect, it } from "vitest";
import { ApiError } from "../../../api/apiError.ts";
import { LocalMedia } from "../local/localMedia.ts";
import { FakeDevices } from "../testing/fakeDevices.ts";
import { FakePeerServer, PeerBrowser } from "../testing/fakePeers.ts";
import { PeerConnections } from "./peerConnections.ts";
import type { ReceivedSignal } from "./peerServer.ts";

let browser: PeerBrowser;
let server: FakePeerServer;
let local: LocalMedia;
let connection: PeerConnections;
let names: number;

beforeEach(async () => {
  browser = new PeerBrowser();
  server = new FakePeerServer();
  local = new LocalMedia({ devices: new FakeDevices() });
  await local.start();
  names = 0;
  connection = new PeerConnections({
    ...{ env: browser, server, feed: server, local, mayPublish: true },
    self: { userId: "mary", name: "Mary" },
    newSessionId: () => `own ${++names}`,
  });
});

afterEach(() => {
  connection.stop();
  local.close();
});

const own = { sessionId: "own 1", userId: "mary", name: "Mary" };
/** Sorts before us: they begin. */
const ada = { sessionId: "a", userId: "ada", name: "Ada" };
/** Sorts behind us: we begin. */
const zoe = { sessionId: "z", userId: "zoe", name: "Zoe" };

const description = (from: typeof ada, type: "offer" | "answer", origin = "9") =>
  ({
    id: `${from.userId} ${type} ${origin}`,
    fromUserId: from.userId,
    sessionId: from.sessionId,
    type: "sdp",
    data: { type, sdp: `v=0\r\no=- ${origin} 1 IN IP4 127.0.0.1\r\n` },
  }) as ReceivedSignal;

const sentTypes = () =>
  server.sent.map(({ to, signal }) => `${to} ${signal.type === "sdp" ? signal.data.type : "ice"}`);
const phase = () => connection.get().phase;
const people = () => connection.get().people.map(({ name }) => name);

async function start(): Promise<void> {
  connection.start();
  await browser.pass(0);
}

/** In a call with Zoe. */
async function meetZoe(): Promise<void> {
  await start();
  await server.tell({ sessions: [own, zoe] });
  await server.tell({ sessions: [own, zoe], signals: [description(zoe, "answer")] });
  browser.newest.become("connected");
  browser.newest.channel.open();
  await browser.pass(0);
}

it("is there alone until somebody comes", async () => {
  connection.start();
  expect(phase()).toEqual({ name: "connecting" });
  await browser.pass(0);
  await server.tell({ sessions: [own] });
  expect(phase()).toEqual({ name: "connected" });
  expect([people(), server.opened, server.stood]).toEqual([["Mary"], ["own 1"], ["connecting"]]);
});

it("begins with whoever sorts behind, and waits for whoever sorts before", async () => {
  await start();
  await server.tell({ sessions: [own, ada, zoe] });
  expect(sentTypes()).toEqual(["zoe offer"]);
  await server.tell({ sessions: [own, ada, zoe], signals: [description(ada, "offer")] });
  expect(sentTypes()).toEqual(["zoe offer", "ada answer"]);
  expect(server.marked).toEqual(["ada offer 9"]);
});

it("sends and shows what is on, in lines that stay", async () => {
  await meetZoe();
  const { channel, transceivers } = browser.newest;
  const on = { audio: true, video: true };
  const off = { audio: false, video: false };
  expect(channel.sent.at(-1)).toEqual({ type: "media", state: { camera: on, screen: off } });
  expect(transceivers.map(({ sender }) => sender.track !== null)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  await local.setOn("camera", false);
  await browser.pass(0);
  expect(transceivers[1]?.sender.track).toBeNull();
  expect(channel.sent.at(-1)).toMatchObject({ state: { camera: { audio: true, video: false } } });
  channel.say({ type: "media", state: { camera: off, screen: on } });
  const shown = connection.get().people.find(({ name }) => name === "Zoe");
  expect(shown).toMatchObject({ camera: off, screen: { video: true, received: {} } });
  expect(sentTypes()).toEqual(["zoe offer"]);
});

it("gives a signal to its connection once, in whatever rounds it comes", async () => {
  await start();
  const candidate = {
    ...description(ada, "offer"),
    id: "c",
    type: "ice",
    data: { candidate: "x" },
  };
  const signals = [description(ada, "offer"), candidate as ReceivedSignal];
  // Not listed yet.
  await server.tell({ sessions: [own], signals });
  expect(server.marked).toEqual([]);
  await server.tell({ sessions: [own, ada], signals });
  await server.tell({ sessions: [own, ada], signals });
  expect(browser.newest.candidates).toEqual([{ candidate: "x" }]);
  expect(sentTypes()).toEqual(["ada answer"]);
});

it("of two offers that cross, the polite side gives up its own", async () => {
  await meetZoe();
  browser.newest.restartIce();
  await browser.pass(0);
  expect(sentTypes()).toEqual(["zoe offer", "zoe offer"]);
  // We sort before Zoe, and are not polite: hers is ignored.
  await server.tell({ sessions: [own, zoe], signals: [description(zoe, "offer")] });
  expect(sentTypes()).toEqual(["zoe offer", "zoe offer"]);
});

it("takes up the same connection when the one who answered offers, and another when they begin anew", async () => {
  await meetZoe();
  await server.tell({ sessions: [own, zoe], signals: [description(zoe, "offer")] });
  expect([browser.connections.length, sentTypes().at(-1)]).toEqual([1, "zoe answer"]);
  await server.tell({ sessions: [own, zoe], signals: [description(zoe, "offer", "10")] });
  expect([browser.connections.length, sentTypes().at(-1)]).toEqual([2, "zoe answer"]);
});

it("restarts ICE when it fails, tells the server, and takes its session up again", async () => {
  await meetZoe();
  browser.newest.become("failed");
  await browser.pass(0);
  expect(phase()).toMatchObject({ name: "reconnecting", reason: expect.stringMatching(/Zoe/) });
  expect([server.failures, server.opened]).toEqual([["own 1"], ["own 1", "own 1"]]);
  expect([browser.newest.restarts, sentTypes()]).toEqual([1, ["zoe offer", "zoe offer"]]);
  // While it is being taken up, neither of us is listed.
  await server.tell({ sessions: [] });
  expect(people()).toEqual(["Mary", "Zoe"]);
  browser.newest.become("connected");
  expect(phase()).toEqual({ name: "connected" });
});

it("begins anew where restarts of ICE do not help", async () => {
  await meetZoe();
  browser.newest.become("failed");
  await browser.pass(120_000);
  expect(browser.connections.length).toBeGreaterThan(1);
  expect(browser.connections[0]?.restarts).toBe(2);
});

it("looks for another way as soon as the one in use is silent", async () => {
  await meetZoe();
  browser.newest.become("disconnected");
  await browser.pass(4_000);
  expect([browser.newest.restarts, server.failures]).toEqual([1, []]);
  // None was found.
  await browser.pass(20_000);
  expect([browser.newest.restarts, server.failures]).toEqual([2, ["own 1"]]);
});

it("whoever says that they leave is gone at once; whoever is not listed, after a while", async () => {
  await meetZoe();
  browser.newest.channel.say({ type: "bye" });
  expect(people()).toEqual(["Mary"]);
  await server.tell({ sessions: [own, ada] });
  expect(people()).toEqual(["Mary", "Ada"]);
  await server.tell({ sessions: [own] });
  expect(people()).toEqual(["Mary", "Ada"]);
  await browser.pass(5_000);
  await server.tell({ sessions: [own] });
  expect(people()).toEqual(["Mary"]);
});

it("of somebody in two windows, the later one counts", async () => {
  await meetZoe();
  const later = { ...zoe, sessionId: "z2" };
  await server.tell({ sessions: [own, zoe, later] });
  await browser.pass(1_000);
  expect(browser.connections.map(({ connectionState }) => connectionState)).toEqual([
    "closed",
    "new",
  ]);
});

it("gives way to a later window of one's own, and takes over again", async () => {
  await meetZoe();
  await server.tell({ sessions: [own, zoe, { ...own, sessionId: "elsewhere" }] });
  expect([phase(), server.closed]).toEqual([{ name: "elsewhere" }, ["own 1"]]);
  await start();
  expect([server.opened, phase()]).toEqual([["own 1", "own 2"], { name: "connected" }]);
});

it.each([
  ["the server has closed it", "no_session", { name: "connected" }, ["own 1", "own 2"]],
  ["one was removed", undefined, { name: "removed" }, ["own 1"]],
  ["somebody else has just left", "no_addressee", { name: "connected" }, ["own 1"]],
])("goes on as it has to when %s", async (_, reason, expected, opened) => {
  await meetZoe();
  await server.fail(new ApiError("NOT_FOUND", "", 404, reason === undefined ? {} : { reason }));
  await browser.pass(0);
  expect([phase(), server.opened]).toEqual([expected, opened]);
});

it("sends again what could not be sent, and comes in as soon as it is let in", async () => {
  server.refusing.open = new ApiError("OFFLINE", "", 0);
  await start();
  expect(phase()).toMatchObject({ name: "reconnecting", reason: "The server cannot be reached." });
  await browser.pass(2_000);
  server.refusing.send = new ApiError("UNAVAILABLE", "", 503);
  await server.tell({ sessions: [{ ...own, sessionId: "own 2" }, zoe] });
  expect(sentTypes()).toEqual([]);
  await browser.pass(500);
  expect(sentTypes()).toEqual(["zoe offer"]);
});

it("is refused where there is no running meeting, and stays away until asked", async () => {
  server.refusing.open = new ApiError("MEETING_NOT_ACTIVE", "", 400, { state: "scheduled" });
  await start();
  expect(phase().name).toBe("refused");
  await browser.pass(60_000);
  expect(server.opened).toEqual([]);
  await start();
  expect(server.opened).toEqual(["own 2"]);
});

it("gives a sign of life while there is nobody to measure", async () => {
  await start();
  await server.tell({ sessions: [own] });
  await browser.pass(61_000);
  expect(server.stood.length).toBeGreaterThanOrEqual(2);
  expect(server.reports).toEqual([]);
});

it("leaves at once, and closes its session", async () => {
  await meetZoe();
  const { newest } = browser;
  connection.stop();
  expect([newest.channel.sent.at(-1), server.closed]).toEqual([{ type: "bye" }, ["own 1"]]);
  await browser.pass(1_000);
  expect(newest.connectionState).toBe("closed");
});
