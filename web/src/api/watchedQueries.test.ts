import { expect, it, vi } from "vitest";
import { functions } from "./functions.ts";
import { WatchedQueries } from "./watchedQueries.ts";

const { getCurrentUser } = functions.users.queries;
const { listUserMeetings } = functions.meetings.queries;

/** A client that answers by function name, as far as it was asked. */
function fakeClient() {
  const answers = new Map<string, () => unknown>();
  const asked: string[] = [];
  const queries = new WatchedQueries();
  const client = {
    subscribe: (name: string) => {
      asked.push(name);
      return {
        queryToken: name as never,
        unsubscribe: () => void asked.splice(asked.indexOf(name), 1),
      };
    },
    localQueryResult: (name: string) =>
      (asked.includes(name) ? answers.get(name)?.() : undefined) as never,
  };
  return { asked, queries, client, answers };
}

const user = "users/queries:getCurrentUser";
const meetings = "meetings/queries:listUserMeetings";

it("gives what a query gives, and tells when that has changed", () => {
  const { asked, queries, client, answers } = fakeClient();
  const watch = queries.watch(client, getCurrentUser, {});
  const listener = vi.fn();
  expect(asked).toEqual([]);
  const stop = watch.subscribe(listener);
  expect(watch.get()).toEqual({});
  answers.set(user, () => null);
  queries.tell([meetings]);
  expect(listener).not.toHaveBeenCalled();
  queries.tell([user]);
  expect(listener).toHaveBeenCalledOnce();
  expect(watch.get()).toEqual({ value: null });
  expect(watch.get()).toBe(watch.get());
  stop();
  expect(asked).toEqual([]);
  queries.tell([user]);
  expect(listener).toHaveBeenCalledOnce();
});

it("a refusal is an answer too", () => {
  const { queries, client, answers } = fakeClient();
  const watch = queries.watch(client, getCurrentUser, {});
  watch.subscribe(() => {});
  answers.set(user, () => {
    const data = { code: "NOT_FOUND", message: "m", statusCode: 404 };
    throw Object.assign(new Error("Uncaught"), { data });
  });
  queries.tell([user]);
  expect(watch.get().refusal).toMatchObject({ code: "NOT_FOUND", statusCode: 404 });
});

it("what is watched already is there at once for the next", () => {
  const { queries, client, answers } = fakeClient();
  answers.set(user, () => null);
  queries.watch(client, getCurrentUser, {}).subscribe(() => {});
  expect(queries.watch(client, getCurrentUser, {}).get()).toEqual({ value: null });
});

it("who looks at two queries sees both of one state", () => {
  const { queries, client, answers } = fakeClient();
  const [first, second] = [
    queries.watch(client, getCurrentUser, {}),
    queries.watch(client, listUserMeetings, {}),
  ];
  const seen: unknown[] = [];
  first.subscribe(() => seen.push([first.get().value, second.get().value]));
  second.subscribe(() => {});
  answers.set(user, () => null).set(meetings, () => []);
  queries.tell([user, meetings]);
  expect(seen).toEqual([[null, []]]);
});

it("after the end nothing is told, and the client is asked for nothing", () => {
  const { asked, queries, client } = fakeClient();
  const listener = vi.fn();
  const stop = queries.watch(client, getCurrentUser, {}).subscribe(listener);
  queries.clear();
  queries.tell([user]);
  stop();
  expect(listener).not.toHaveBeenCalled();
  expect(asked).toEqual([user]);
});
