import { type FunctionReference, getFunctionName } from "convex/server";
import { ApiError } from "../api/apiError.ts";
import type { Connection } from "../api/client.ts";
import { apiErrorOf } from "../api/refusal.ts";
import type { Answer } from "../api/watchedQueries.ts";
import { Store } from "../state/store.ts";

type Handler = (args: never) => unknown;
type Ref = FunctionReference<"query" | "mutation" | "action">;

export interface FakeApi extends Connection {
  /** Whatever is watched is asked for anew, as after a commit. */
  changed: () => void;
  /** The connection is lost, or there again. */
  setAway: (away: boolean) => void;
}

/** A server made of handlers by function name; what is not there fails the test that calls it. */
export function fakeApi(handlers: Record<string, Handler>): FakeApi {
  const outage = new Store<ApiError | undefined>(undefined);
  const commits = new Store(0);
  const run = (ref: Ref, args: unknown) => {
    const name = getFunctionName(ref);
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`${name} was not expected`);
    return handler(args as never);
  };
  const changed = () => commits.set(commits.get() + 1);
  const call = async (ref: Ref, args: unknown) => {
    const value = await run(ref, args);
    changed();
    return value;
  };
  return {
    watch: watching(run, commits),
    outage,
    mutation: call,
    action: call,
    changed,
    setAway: (away) => outage.set(away ? new ApiError("OFFLINE", "", 0) : undefined),
  };
}

/** Queries as the live client watches them: the answer comes later, and stays the same until a commit. */
function watching(run: (ref: Ref, args: unknown) => unknown, commits: Store<number>) {
  const answers = new Map<string, { of: number; answer: Answer<unknown> }>();
  const unanswered = {};
  return (ref: Ref, args: unknown) => {
    const key = `${getFunctionName(ref)} ${JSON.stringify(args)}`;
    const ask = () => {
      if (answers.get(key)?.of === commits.get()) return;
      answers.set(key, { of: commits.get(), answer: answerOf(() => run(ref, args)) });
    };
    return {
      get: () => answers.get(key)?.answer ?? unanswered,
      subscribe: (listener: () => void) => {
        const tell = () => {
          ask();
          listener();
        };
        queueMicrotask(tell);
        return commits.subscribe(tell);
      },
    };
  };
}

function answerOf(work: () => unknown): Answer<unknown> {
  try {
    return { value: work() };
  } catch (error) {
    return { refusal: apiErrorOf(error) };
  }
}
