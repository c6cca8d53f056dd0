import { useQueries } from "convex/react";
import {
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  getFunctionName,
} from "convex/server";
import { useMemo, useRef } from "react";
import { useOutage } from "./liveContext.tsx";
import { apiErrorOf } from "./refusal.ts";

export interface Live<T> {
  /** What the query gives now; kept while the server is away or refuses. */
  value: T | undefined;
  /** Why there is nothing newer: an outage, or the query's refusal. */
  error: unknown;
  /** True until the first answer or failure. */
  loading: boolean;
}

/** What a query gives, whenever that changes. @param args "skip" asks nothing */
export function useLive<F extends FunctionReference<"query">>(
  query: F,
  args: FunctionArgs<F> | "skip",
): Live<FunctionReturnType<F>> {
  const key = `${getFunctionName(query)} ${JSON.stringify(args)}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what is asked
  const wanted = useMemo(() => (args === "skip" ? {} : { answer: { query, args } }), [key]);
  const { answer } = useQueries(wanted);
  const outage = useOutage();
  const refusal = useMemo(
    () => (answer instanceof Error ? apiErrorOf(answer) : undefined),
    [answer],
  );
  const last = useRef<{ key: string; value: FunctionReturnType<F> }>(undefined);
  if (answer !== undefined && refusal === undefined) last.current = { key, value: answer };
  const value = last.current?.key === key ? last.current.value : undefined;
  const error = outage ?? refusal;
  return { value, error, loading: value === undefined && error === undefined };
}
