// @vitest-environment jsdom
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { act, cleanup, configure, renderHook } from "@testing-library/react";
import {
  ConvexProvider,
  ConvexProviderWithAuth,
  ConvexReactClient,
  useAction,
  useConvexAuth,
  useConvexConnectionState,
  useMutation,
  usePaginatedQuery,
  useQueries,
  useQuery,
} from "convex/react";
import {
  makeFunctionReference,
  type PaginationOptions,
  type PaginationResult,
} from "convex/server";
import { createElement, type ReactNode, useEffect, useSyncExternalStore } from "react";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
  type MockInstance,
  vi,
} from "vitest";
import WebSocket from "ws";
import { api } from "../../src/generated/api.ts";
import { takeTime } from "../support/patience.ts";
import { startTcpRelay, type TcpRelay } from "../support/tcpRelay.ts";
import { createMeeting, invite } from "./support/meetings.ts";
import { member } from "./support/members.ts";
import { type Person, signIn } from "./support/person.ts";
import type { ServerProcess } from "./support/server.ts";
import { lastingSeconds } from "./support/shortToken.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

takeTime();

/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

let site: Site;
let server: ServerProcess;
/** Between the hooks and the server. */
let relay: TcpRelay;
let said: MockInstance[];
const clients: ConvexReactClient[] = [];

beforeAll(async () => {
  // As an application is while it is developed: each effect is undone and done again at first.
  configure({ reactStrictMode: true });
  site = await openSite();
  server = await site.start();
  relay = await startTcpRelay(server.url);
});

beforeEach(() => {
  said = [vi.spyOn(console, "error"), vi.spyOn(console, "warn")];
});

afterEach(async () => {
  cleanup();
  for (const client of clients.splice(0)) await client.close();
  // React warns there, of updates outside of `act` as of others.
  for (const one of said) {
    expect(one.mock.calls).toEqual([]);
    one.mockRestore();
  }
});

afterAll(async () => {
  configure({ reactStrictMode: false });
  await relay?.close();
  await site.close();
});

type Wrapper = (props: { children: ReactNode }) => ReactNode;

/** What a component shows by its hooks: each state that came to the screen and differs from the one before, and the present one. */
function show<T>(wrapper: Wrapper, useShown: () => T) {
  const shown: T[] = [];
  const { result } = renderHook(
    () => {
      const state = useShown();
      useEffect(() => {
        // Functions, which are made anew each time, are not shown.
        if (JSON.stringify(state) !== JSON.stringify(shown.at(-1))) shown.push(state);
      });
      return state;
    },
    { wrapper },
  );
  return { shown, last: () => result.current };
}

function newClient(): ConvexReactClient {
  const client = new ConvexReactClient(relay.url, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    // jsdom's own dispatches events of Node, which are none where its own have taken their place.
    webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  clients.push(client);
  return client;
}

/** A page of somebody who is signed in. */
function pageOf({ token }: Person): Wrapper {
  const client = newClient();
  client.setAuth(async () => token);
  return ({ children }) => createElement(ConvexProvider, { client }, children);
}

const see = (what: string, check: () => boolean) => until(what, 60_000, check);

async function restart(): Promise<void> {
  await server.kill();
  server = await site.start({}, Number(new URL(server.url).port));
}

/** How a call ended: its value, or the code it was refused with. */
const endingOf = (call: Promise<unknown>) =>
  call.catch((error: { data?: { code: string } }) => error.data?.code ?? error);

it("shows what others do while they do it, and calls actions", async () => {
  const ada = await signIn(server.url, "Ada watches");
  const meetingId = await createMeeting(ada);
  const page = show(pageOf(ada), () => ({
    state: useQuery(api.meetings.queries.getMeeting, { meetingId })?.state,
    people: useQuery(api.meetings.queries.listMeetingParticipants, { meetingId })?.length,
    recording: useQuery(api.recordings.queries.listRecordings, { meetingId })?.at(0)?.state,
    record: useAction(api.meetings.stream.index.startRecording),
    nothing: useQuery(api.meetings.queries.getMeeting, "skip"),
  }));
  await see("the meeting is there", () => page.last().state === "scheduled");
  await see("Ada is in it", () => page.last().people === 1);
  const eve = await signIn(server.url, "Eve comes");
  await invite(ada, eve, meetingId);
  await see("Eve has come", () => page.last().people === 2);
  expect(await endingOf(page.last().record({ meetingId }))).toBe("MEETING_NOT_ACTIVE");
  await ada.mutation("meetings/lifecycle:startMeeting", { meetingId });
  await see("it has started", () => page.last().state === "active");
  const started = await page.last().record({ meetingId });
  expect(started).toMatchObject({ success: true });
  await see("it is recorded", () => page.last().recording === "recording");
  expect(page.last().nothing).toBeUndefined();
});

/** What somebody's meetings are called, and one more, which is shown at once as `… soon`. */
function useMeetings() {
  const { listUserMeetings } = api.meetings.queries;
  const meetings = useQuery(listUserMeetings, {});
  const create = useMutation(api.meetings.lifecycle.createMeeting).withOptimisticUpdate(
    (store, { title }) => {
      const known = store.getQuery(listUserMeetings, {}) ?? [];
      const guess = { title: `${title} soon` } as (typeof known)[number];
      store.setQuery(listUserMeetings, {}, [guess, ...known]);
    },
  );
  return { titles: meetings?.map(({ title }) => title), create };
}

it("shows a change before it is made, then what came of it, and takes it back when it is refused", async () => {
  const ada = await signIn(server.url, "Ada foresees");
  const page = show(pageOf(ada), useMeetings);
  const titles = () => page.shown.map((one) => one.titles);
  await see("the list is there", () => page.last().titles?.length === 0);

  expect(await endingOf(page.last().create({ title: "Plan" }))).toHaveProperty("meetingId");
  await see("it is made", () => isDeepStrictEqual(page.last().titles, ["Plan"]));
  expect(titles()).toEqual([undefined, [], ["Plan soon"], ["Plan"]]);
  expect(await endingOf(page.last().create({ title: " " }))).toBe("VALIDATION_ERROR");
  await see("it is taken back", () => page.last().titles?.length === 1);
  expect(titles().slice(4)).toEqual([["  soon", "Plan"], ["Plan"]]);

  // Nobody can be reached meanwhile.
  relay.redirect(nowhere);
  relay.drop();
  const review = endingOf(page.last().create({ title: "Review" }));
  const refused = endingOf(page.last().create({ title: " " }));
  await see("both are shown", () => page.last().titles?.length === 3);
  relay.redirect(server.url);
  expect(await review).toHaveProperty("meetingId");
  expect(await refused).toBe("VALIDATION_ERROR");
  await see("only one has come of it", () =>
    isDeepStrictEqual(page.last().titles, ["Review", "Plan"]),
  );
});

it("a server that is killed in the middle of it loses nothing that is shown, and does nothing twice", async () => {
  const ada = await signIn(server.url, "Ada insists");
  const page = show(pageOf(ada), () => ({
    ...useMeetings(),
    connected: useConvexConnectionState().isWebSocketConnected,
  }));
  await see("the list is there", () => page.last().titles?.length === 0);
  const all = Array.from({ length: 30 }, (_, at) => `Meeting ${at}`);
  const { create } = page.last();
  const made = all.map((title) => create({ title }));
  await see("all are shown", () => page.last().titles?.length === all.length);
  const before = page.shown.length;
  await made[2];
  await restart();
  await Promise.all(made);
  await see("it is connected", () => page.last().connected);
  const newestFirst = all.toReversed();
  await see("that is all", () => isDeepStrictEqual(page.last().titles, newestFirst));
  expect(page.shown.slice(before).some(({ connected }) => !connected)).toBe(true);
  for (const { titles } of page.shown.slice(before))
    expect(all.filter((one) => !titles?.some((title) => title.startsWith(one)))).toEqual([]);
});

/** As the hook wants it, which knows no cursor that is null. */
const listPeople = makeFunctionReference<
  "query",
  { paginationOpts: PaginationOptions },
  PaginationResult<{ displayName: string }>
>("users/queries:listActiveUsersInOrg");

it("shows pages without a gap and nobody twice, at any moment, whatever is lost", async () => {
  const orgId = `org_${randomUUID()}`;
  const come = async (from: number, to: number) => {
    for (let one = from; one <= to; one++) await member(server.url, `${one} of ${orgId}`, orgId);
  };
  const ada = await member(server.url, `1 of ${orgId}`, orgId);
  await come(2, 7);
  const page = show(pageOf(ada), () => {
    const { results, ...rest } = usePaginatedQuery(listPeople, {}, { initialNumItems: 3 });
    const people = results.map(({ displayName }) => Number.parseInt(displayName, 10));
    return { people, ...rest };
  });
  const shows = (newest: number, oldest: number) =>
    see(`${newest} to ${oldest} are shown`, () => {
      const { people } = page.last();
      return people[0] === newest && people.at(-1) === oldest;
    });
  await shows(7, 5);
  page.last().loadMore(2);
  await shows(7, 3);
  await come(8, 9);
  await shows(9, 3);
  expect(page.last().status).toBe("CanLoadMore");

  relay.drop();
  await come(10, 10);
  await shows(10, 3);
  // More is asked for while nobody can be reached.
  relay.redirect(nowhere);
  relay.drop();
  page.last().loadMore(1);
  await see("more is asked for", () => page.last().status === "LoadingMore");
  await restart();
  await come(11, 11);
  relay.redirect(server.url);
  await shows(11, 2);
  page.last().loadMore(5);
  await shows(11, 1);
  expect(page.last().status).toBe("Exhausted");
  await come(12, 12);
  await shows(12, 1);

  const gaps = page.shown.filter(({ people }) =>
    people.some((one, at) => at > 0 && one !== Number(people[at - 1]) - 1),
  );
  expect(gaps).toEqual([]);
  // Once there, the list is never empty again.
  const first = page.shown.findIndex(({ people }) => people.length > 0);
  expect(page.shown.slice(first).every(({ people }) => people.length > 0)).toBe(true);
});

/** Who is signed in, as the library of an issuer tells it to `ConvexProviderWithAuth`. */
class SignedIn {
  /** What the issuer gives out; null once it gives nothing. */
  token: string | null;
  /** `forceRefreshToken` of every time the client asked. */
  readonly asked: boolean[] = [];
  #isIn = true;
  readonly #listeners = new Set<() => void>();

  constructor(token: string) {
    this.token = token;
  }

  turn(isIn: boolean): void {
    this.#isIn = isIn;
    // Out and in again at once is otherwise no change to React.
    act(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  readonly #subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly #fetchAccessToken = async ({ forceRefreshToken }: { forceRefreshToken: boolean }) => {
    this.asked.push(forceRefreshToken);
    return this.token;
  };

  readonly wrapper = (client: ConvexReactClient): Wrapper => {
    const useAuth = () => ({
      isLoading: false,
      isAuthenticated: useSyncExternalStore(this.#subscribe, () => this.#isIn),
      fetchAccessToken: this.#fetchAccessToken,
    });
    return ({ children }) => createElement(ConvexProviderWithAuth, { client, useAuth, children });
  };
}

/** What is asked for whoever is signed in, and if nobody is. */
const open = {
  profile: { query: api.profiles.queries.getCurrentUserProfile, args: {} },
  meetings: { query: api.meetings.queries.listUserMeetings, args: {} },
};

/** Who is told to be signed in, whose name is shown while it is so, and what is shown at any time. */
function useSignedIn() {
  const { isLoading, isAuthenticated } = useConvexAuth();
  const guarded = useQuery(open.profile.query, isAuthenticated ? {} : "skip");
  const { profile, meetings } = useQueries(open);
  return {
    isLoading,
    isAuthenticated,
    name: guarded?.displayName,
    profile: (profile === null ? "nobody" : profile?.displayName) as string | undefined,
    meetings: meetings instanceof Error ? "refused" : meetings?.length,
  };
}

it("asks for another token when one has run out, and shows what it did meanwhile", async () => {
  const ada = await member(server.url, "Ada goes on", `org_${randomUUID()}`);
  const session = new SignedIn(await lastingSeconds(site.dataDir, ada.token, 5));
  const page = show(session.wrapper(newClient()), useSignedIn);
  await see("Ada is shown", () => page.last().name === "Ada goes on");
  const asked = session.asked.length;
  const before = page.shown.length;
  session.token = ada.token;
  await see("another token is asked for", () => session.asked.length > asked);
  expect(session.asked.slice(asked)).toEqual([true]);
  await ada.mutation("profiles/mutations:updateProfile", { displayName: "Ada went on" });
  await see("it goes on", () => page.last().name === "Ada went on");
  const isAda = ({ isAuthenticated, name }: ReturnType<typeof useSignedIn>) =>
    isAuthenticated && name?.startsWith("Ada");
  expect(page.shown.slice(before).filter((one) => !isAda(one))).toEqual([]);
});

it("shows nothing of somebody who has signed out, nor of one whose token has run out for good", async () => {
  const orgId = `org_${randomUUID()}`;
  const ada = await member(server.url, "Ada leaves", orgId);
  const eve = await member(server.url, "Eve follows", orgId);
  const session = new SignedIn(ada.token);
  const page = show(session.wrapper(newClient()), useSignedIn);
  await see("Ada is shown", () => page.last().profile === "Ada leaves");
  const isNobody = () => {
    const { isLoading, isAuthenticated, name, profile, meetings } = page.last();
    const isSignedOut = !isLoading && !isAuthenticated && name === undefined;
    return isSignedOut && profile === "nobody" && meetings === "refused";
  };

  session.turn(false);
  await see("nobody is signed in", isNobody);
  let since = page.shown.length;
  session.token = await lastingSeconds(site.dataDir, eve.token, 5);
  session.turn(true);
  await see("Eve is shown", () => page.last().name === "Eve follows");
  expect(JSON.stringify(page.shown.slice(since))).not.toContain("Ada");

  session.token = null;
  await see("nobody is signed in", isNobody);
  since = page.shown.length;
  session.token = ada.token;
  session.turn(false);
  session.turn(true);
  await see("Ada is shown", () => page.last().profile === "Ada leaves");
  expect(JSON.stringify(page.shown.slice(since))).not.toContain("Eve");
});
