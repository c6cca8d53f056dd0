import {
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  getFunctionName,
} from "convex/server";
import { useMemo, useRef, useSyncExternalStore } from "react";
import { useConnection, useOutage } from "./liveContext.tsx";
import type { Answer } from "./watchedQueries.ts";

export interface Live<T> {
  /** What the query gives now; kept while the server is away or refuses. */
  value: T | undefined;
  /** Why there is nothing newer: an outage, or the query's refusal. */
  error: unknown;
  /** True until the first answer or failure. */
  loading: boolean;
}

const unasked = {};
const nothing = { get: () => unasked, subscribe: () => () => undefined };

/** What a query gives, whenever that changes. @param args "skip" asks nothing */
export function useLive<F extends FunctionReference<"query">>(
  query: F,
  args: FunctionArgs<F> | "skip",
): Live<FunctionReturnType<F>> {
  const key = `${getFunctionName(query)} ${JSON.stringify(args)}`;
  const connection = useConnection();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what is asked
  const watch = useMemo(
    () => (args === "skip" ? nothing : connection.watch(query, args)),
    [connection, key],
  );
  const answer: Answer<FunctionReturnType<F>> = useSyncExternalStore(watch.subscribe, watch.get);
  const outage = useOutage();
  const last = useRef<{ key: string; value: FunctionReturnType<F> }>(undefined);
  if (answer.value !== undefined) last.current = { key, value: answer.value };
  const value = last.current?.key === key ? last.current.value : undefined;
  const error = outage ?? answer.refusal;
  return { value, error, loading: value === undefined && error === undefined };
}
