import { type FunctionReference, getFunctionName } from "convex/server";
import type { ApiClient } from "../api/client.ts";

type Handler = (args: never) => unknown;

/** A server made of handlers by function name; what is not there fails the test that calls it. */
export function fakeApi(handlers: Record<string, Handler>): ApiClient {
  const call = async (ref: FunctionReference<"query" | "mutation" | "action">, args: unknown) => {
    const name = getFunctionName(ref);
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`${name} was not expected`);
    return handler(args as never);
  };
  return { query: call, mutation: call, action: call } as ApiClient;
}
