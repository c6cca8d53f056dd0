import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ApiError } from "./apiError.ts";
import { offline, refusalIn } from "./refusal.ts";

export interface AskOnceOptions {
  /** Where the server is. */
  baseUrl: string;
  token: string;
  fetch?: typeof globalThis.fetch;
}

const timeoutMs = 25_000;

/** Asks one query without a connection that stays, for who is signing in. @throws ApiError */
export async function askOnce<F extends FunctionReference<"query">>(
  { baseUrl, token, fetch = globalThis.fetch }: AskOnceOptions,
  query: F,
  args: FunctionArgs<F>,
): Promise<FunctionReturnType<F>> {
  let status = 0;
  const http = new ConvexHttpClient(baseUrl, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    auth: token,
    fetch: async (input, init) => {
      const response = await fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
      status = response.status;
      return response;
    },
  });
  try {
    return await http.query(query, args);
  } catch (error) {
    throw refusalIn(error) ?? failureOf(error, status);
  }
}

/** @param status of the response, 0 when there was none */
function failureOf(error: unknown, status: number): ApiError {
  const message = error instanceof Error ? error.message : String(error);
  if (status === 0) return offline();
  if (status === 401) return new ApiError("UNAUTHORIZED", message, status);
  if (status === 429 || status === 502 || status === 503 || status === 504)
    return new ApiError("UNAVAILABLE", message, status);
  return new ApiError("INTERNAL_ERROR", message, status);
}
