import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Store } from "../state/store.ts";
import { FakeServer } from "../testing/fakeSocket.ts";
import { ApiError } from "./apiError.ts";
import { functions } from "./functions.ts";
import { LiveClient } from "./liveClient.ts";

const { lifecycle, stream } = functions.meetings;
const meeting = { meetingId: "meeting_1" };

let server: FakeServer;
let client: LiveClient;
let token: Store<string | undefined>;
let onRefused: ReturnType<typeof vi.fn<() => void>>;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  server.tokens.add("first").add("second");
  token = new Store<string | undefined>("first");
  onRefused = vi.fn();
});

afterEach(() => {
  client.close();
  vi.useRealTimers();
});

async function connect(): Promise<void> {
  client = new LiveClient({
    baseUrl: "http://server.test",
    credentials: { token: token.get, subscribe: token.subscribe },
    onRefused,
    webSocket: server.webSocket,
  });
  await pass(100);
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const sent = (type: string) => server.received.filter((message) => message.type === type);

it("asks as whoever is signed in, and as renewed without another connection", async () => {
  await connect();
  expect(sent("Authenticate").map(({ value }) => value)).toEqual(["first"]);
  token.set("first");
  token.set("second");
  await pass(100);
  expect(sent("Authenticate").map(({ value }) => value)).toEqual(["first", "second"]);
  expect(server.connections).toBe(1);
  expect(onRefused).not.toHaveBeenCalled();
});

it("a token that is not taken ends the session", async () => {
  token.set("unknown");
  await connect();
  await pass(5_000);
  expect(onRefused).toHaveBeenCalledOnce();
});

it("a token that is no longer taken ends the session, unless it was renewed", async () => {
  await connect();
  server.tokens.delete("first");
  server.hangUp(1005);
  await pass(5_000);
  expect(onRefused).toHaveBeenCalledOnce();
  token.set("second");
  await pass(5_000);
  expect(sent("Authenticate").at(-1)).toMatchObject({ value: "second" });
  expect(onRefused).toHaveBeenCalledOnce();
});

it("a refusal keeps its code, status and facts", async () => {
  const data = {
    ...{ code: "CONFLICT", message: "m", statusCode: 409 },
    metadata: { startedBy: "user_1" },
  };
  server.answer = () => ({ success: false, result: "Uncaught", errorData: data });
  await connect();
  const failed = client.action(stream.index.startRecording, meeting);
  const told = expect(failed).rejects.toMatchObject(data);
  await pass(100);
  await told;
  await expect(failed).rejects.toBeInstanceOf(ApiError);
});

it("a function that broke is said to have", async () => {
  server.answer = () => ({ success: false, result: "[Request ID: 1] Server Error" });
  await connect();
  const told = expect(client.mutation(lifecycle.startMeeting, meeting)).rejects.toMatchObject({
    code: "INTERNAL_ERROR",
  });
  await pass(100);
  await told;
});

it("a short loss of the connection is nobody's business, a longer one an outage until it is back", async () => {
  await connect();
  server.hangUp(1001);
  await pass(1_900);
  expect(client.outage.get()).toBeUndefined();
  expect(server.connections).toBe(2);
  server.up = false;
  server.hangUp(1001);
  await pass(2_100);
  expect(client.outage.get()).toMatchObject({ code: "OFFLINE", isOutage: true });
  server.up = true;
  await pass(30_000);
  expect(client.outage.get()).toBeUndefined();
});

it("a server that is not there at first is an outage", async () => {
  server.up = false;
  await connect();
  expect(client.outage.get()).toBeUndefined();
  await pass(2_000);
  expect(client.outage.get()).toMatchObject({ code: "OFFLINE" });
});

it("a server that sends everybody away is there, but cannot work", async () => {
  await connect();
  server.hangUp(1013, "DatabaseUnavailable");
  server.up = false;
  await pass(2_100);
  expect(client.outage.get()).toMatchObject({ code: "UNAVAILABLE", isOutage: true });
});

it("what is asked for during an outage fails, and is not done later", async () => {
  server.up = false;
  await connect();
  const told = expect(client.mutation(lifecycle.startMeeting, meeting)).rejects.toMatchObject({
    code: "OFFLINE",
  });
  await pass(5_000);
  await told;
  server.up = true;
  await pass(30_000);
  expect(sent("Mutation")).toEqual([]);
});

it("what is asked for during a short loss waits for the connection", async () => {
  await connect();
  server.hangUp(1001);
  await pass(10);
  const done = client.mutation(lifecycle.startMeeting, meeting);
  await pass(4_000);
  expect(await done).toBeNull();
});

it("an action whose connection is lost may have been done: it fails, and is not repeated", async () => {
  server.answer = () => undefined;
  await connect();
  const told = expect(client.action(stream.index.startRecording, meeting)).rejects.toMatchObject({
    code: "OFFLINE",
  });
  await pass(100);
  server.hangUp(1006);
  await pass(10_000);
  await told;
  expect(sent("Action")).toHaveLength(1);
});

it("a call that is not answered is given up", async () => {
  server.answer = () => undefined;
  await connect();
  const told = expect(client.mutation(lifecycle.startMeeting, meeting)).rejects.toMatchObject({
    isOutage: true,
  });
  await pass(25_000);
  await told;
});
