import { once } from "node:events";
import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import WebSocket from "ws";
import { takeTime } from "../support/patience.ts";
import { startTcpRelay } from "../support/tcpRelay.ts";
import { rowsOf } from "./support/database.ts";
import { createMeeting, startedMeeting } from "./support/meetings.ts";
import { type Args, type Person, personWith, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

let site: Site;
let first: ServerProcess;
let second: ServerProcess;
const open: ConvexClient[] = [];

beforeAll(async () => {
  site = await openSite();
  first = await site.start();
  second = await site.start();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

afterAll(() => site.close());

const query = <T>(name: string) => makeFunctionReference<"query", Args, T>(name);
const mutation = <T>(name: string) => makeFunctionReference<"mutation", Args, T>(name);

/** An unmodified live client of `person` at that address. */
function live(url: string, person?: Person): ConvexClient {
  const client = new ConvexClient(url, { skipConvexDeploymentUrlCheck: true, logger: false });
  open.push(client);
  if (person) client.setAuth(async () => person.token);
  return client;
}

/** Everything a subscription was told, errors as texts. */
function watch<T>(client: ConvexClient, name: string, args: Args = {}) {
  const told: (T | string)[] = [];
  client.onUpdate(
    query<T>(name),
    args,
    (value) => told.push(value),
    (error) => told.push(error.message),
  );
  return told;
}

const told = (what: string, check: () => boolean) => until(what, 60_000, check);

interface MeetingView {
  state: string;
  title: string;
}

it("a change of one client is seen by another, on the same node and on another", async () => {
  const ada = await signIn(first.url, "Ada live");
  const meetingId = await createMeeting(ada);
  const here = watch<MeetingView>(live(first.url, ada), "meetings/queries:getMeeting", {
    meetingId,
  });
  const there = watch<MeetingView>(live(second.url, ada), "meetings/queries:getMeeting", {
    meetingId,
  });
  const states = (all: (MeetingView | string)[]) =>
    all.map((one) => (typeof one === "string" ? one : one.state));
  await told("both see it", () => here.length > 0 && there.length > 0);
  await ada.mutation("meetings/lifecycle:startMeeting", { meetingId });
  await told("both see it start", () =>
    [here, there].every((all) => states(all).at(-1) === "active"),
  );
  await ada.mutation("meetings/lifecycle:endMeeting", { meetingId });
  await told("both see it end", () =>
    [here, there].every((all) => states(all).at(-1) === "concluded"),
  );
  // More than the state changes meanwhile: a room is opened.
  for (const all of [here, there])
    expect([...new Set(states(all))]).toEqual(["scheduled", "active", "concluded"]);
});

it("a mutation's promise resolves when its effect is seen", async () => {
  const ada = await signIn(first.url, "Ada mutates");
  const client = live(first.url, ada);
  const list = watch<{ title: string }[]>(client, "meetings/queries:listUserMeetings");
  await told("the list is there", () => list.length > 0);
  for (const title of ["one", "two", "three"]) {
    await client.mutation(mutation("meetings/lifecycle:createMeeting"), { title });
    const last = list.at(-1);
    expect(typeof last === "object" && last.map((one) => one.title)).toContain(title);
  }
});

it("a refusal reaches the caller as a typed error, and a query's ends when it is let in", async () => {
  const [ada, eve] = [await signIn(first.url, "Ada refuses"), await signIn(first.url, "Eve")];
  const meetingId = await startedMeeting(ada);
  const client = live(first.url, eve);
  const seen = watch<MeetingView>(client, "meetings/queries:getMeeting", { meetingId });
  await told("Eve is refused", () => typeof seen.at(-1) === "string");
  expect(seen.at(-1)).toContain("NOT_FOUND");
  await expect(
    client.mutation(mutation("meetings/lifecycle:endMeeting"), { meetingId }),
  ).rejects.toMatchObject({ data: { code: "NOT_FOUND", statusCode: 404 } });
  const { _id: userId } = await eve.query<{ _id: string }>("users/queries:getCurrentUser");
  await ada.mutation("meetings/lifecycle:addParticipant", {
    meetingId,
    userId,
    role: "participant",
  });
  await told("Eve is in", () => typeof seen.at(-1) === "object");
});

it("signing in, as somebody else and out again changes what is seen", async () => {
  const [ada, eve] = [await signIn(first.url, "Ada signs"), await signIn(first.url, "Eve signs")];
  const client = live(first.url);
  const names = watch<{ displayName: string } | null>(client, "users/queries:getCurrentUser");
  const last = () => {
    const value = names.at(-1);
    return value === undefined ? "nothing" : typeof value === "object" ? value?.displayName : value;
  };
  await told("nobody is seen", () => names.at(-1) === null);
  client.setAuth(async () => ada.token);
  await told("Ada is seen", () => last() === "Ada signs");
  client.setAuth(async () => eve.token);
  await told("Eve is seen", () => last() === "Eve signs");
  client.client.clearAuth();
  await told("nobody is seen again", () => names.at(-1) === null);
});

it("a bad token is told and does not end the client", async () => {
  const ada = await signIn(first.url, "Ada forges");
  const client = live(first.url);
  const states: boolean[] = [];
  let token = "not.a.token";
  const names = watch<{ displayName: string } | null>(client, "users/queries:getCurrentUser");
  client.setAuth(
    async () => token,
    (isAuthenticated) => states.push(isAuthenticated),
  );
  await told("it is refused", () => states.at(-1) === false);
  token = ada.token;
  client.setAuth(async () => token);
  await told("Ada is seen", () => {
    const value = names.at(-1);
    return typeof value === "object" && value?.displayName === "Ada forges";
  });
});

it("a client whose node is killed goes on at the other, and nothing it sent is lost or doubled", async () => {
  const doomed = await site.start();
  const relay = await startTcpRelay(doomed.url);
  const ada = await signIn(first.url, "Ada survives");
  const client = live(relay.url, ada);
  const list = watch<{ title: string }[]>(client, "meetings/queries:listUserMeetings");
  await told("the list is there", () => list.length > 0);
  const titles = Array.from({ length: 40 }, (_, index) => `meeting ${index}`);
  const created = titles.map((title) =>
    client.mutation(mutation("meetings/lifecycle:createMeeting"), { title }),
  );
  await created[3];
  doomed.process.kill("SIGKILL");
  relay.redirect(second.url);
  await Promise.all(created);
  const rows = await rowsOf<{ title: string; count: number }>(
    site.dataDir,
    `SELECT title, count(*)::int AS count FROM meetings m JOIN users u ON u.id = m.organizer_id
     WHERE u.display_name = 'Ada survives' GROUP BY title`,
  );
  expect(rows.map(({ title }) => title).sort()).toEqual([...titles].sort());
  expect(rows.filter(({ count }) => count !== 1)).toEqual([]);
  const last = list.at(-1);
  expect(typeof last === "object" && last.length).toBe(40);
  await relay.close();
});

it("a node that stops sends its clients elsewhere without a mutation lost", async () => {
  const leaving = await site.start();
  const relay = await startTcpRelay(leaving.url);
  const ada = await signIn(first.url, "Ada moves");
  const client = live(relay.url, ada);
  const sent = Array.from({ length: 20 }, (_, index) =>
    client.mutation(mutation("meetings/lifecycle:createMeeting"), { title: `moved ${index}` }),
  );
  await sent[0];
  relay.redirect(second.url);
  await leaving.stop();
  await Promise.all(sent);
  expect(
    await personWith(second.url, ada.name, ada.token).query("meetings/queries:listUserMeetings"),
  ).toHaveLength(20);
  await relay.close();
});

it("what no client would send ends it for good, in words", async () => {
  const socket = new WebSocket(`${first.url.replace("http", "ws")}/api/1.48.0/sync`);
  const messages: string[] = [];
  socket.addEventListener("message", ({ data }) => messages.push(String(data)));
  await once(socket, "open");
  socket.send("hello");
  await once(socket, "close");
  expect(JSON.parse(messages[0] ?? "")).toMatchObject({
    type: "FatalError",
    error: expect.stringContaining("Invalid JSON"),
  });
});
