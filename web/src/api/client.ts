import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ApiError, type ApiErrorCode, type ApiErrorMetadata } from "./apiError.ts";

type Query = FunctionReference<"query">;
type Mutation = FunctionReference<"mutation">;
type Action = FunctionReference<"action">;

/** Calls the server's functions. @throws ApiError, whatever fails */
export interface ApiClient {
  query<F extends Query>(ref: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  mutation<F extends Mutation>(ref: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  action<F extends Action>(ref: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
}

export interface ClientOptions {
  /** Where the server is, e.g. `location.origin`. */
  baseUrl: string;
  /** Asked before every call; undefined = not signed in. */
  token: () => string | undefined;
  /** Called when the server no longer takes the token. */
  onSignedOut?: () => void;
  fetch?: typeof globalThis.fetch;
}

/** Above what the slowest function (a start, at most 10 s) may take, ms. */
const callTimeoutMs = 25_000;

/** The server as a typed client: Convex's own HTTP client underneath. */
export function createClient(options: ClientOptions): ApiClient {
  const call = <T>(run: (http: ConvexHttpClient) => Promise<T>) => callServer(options, run);
  return {
    query: (ref, args) => call((http) => http.query(ref, args)),
    mutation: (ref, args) => call((http) => http.mutation(ref, args)),
    action: (ref, args) => call((http) => http.action(ref, args)),
  };
}

/** One client a call: what `status` notes belongs to this call alone, and mutations do not queue behind each other. */
async function callServer<T>(
  { baseUrl, token, onSignedOut, fetch = globalThis.fetch }: ClientOptions,
  run: (http: ConvexHttpClient) => Promise<T>,
): Promise<T> {
  let status = 0;
  const noting: typeof globalThis.fetch = async (input, init) => {
    const signal = AbortSignal.timeout(callTimeoutMs);
    const response = await fetch(input, { ...init, signal });
    status = response.status;
    return response;
  };
  const auth = token();
  const http = new ConvexHttpClient(baseUrl, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    fetch: noting,
    ...(auth === undefined ? {} : { auth }),
  });
  try {
    return await run(http);
  } catch (error) {
    const told = apiErrorOf(error, status);
    // 401 on the wire is a token that is not taken; a function's own refusal is a 200.
    if (status === 401 && auth !== undefined) onSignedOut?.();
    throw told;
  }
}

/** @param status of the response, 0 when there was none */
function apiErrorOf(error: unknown, status: number): ApiError {
  const data = dataOf(error);
  if (data !== undefined) return data;
  const message = error instanceof Error ? error.message : String(error);
  if (status === 0) return new ApiError("OFFLINE", "The server does not answer", 0);
  if (status === 401) return new ApiError("UNAUTHORIZED", message, status);
  if (status === 429 || status === 502 || status === 503 || status === 504)
    return new ApiError("UNAVAILABLE", message, status);
  return new ApiError("INTERNAL_ERROR", message, status);
}

function dataOf(error: unknown): ApiError | undefined {
  if (!(error instanceof Error && "data" in error)) return undefined;
  const { data } = error;
  if (typeof data !== "object" || data === null || !("code" in data)) return undefined;
  const { code, message, statusCode, metadata } = data as {
    code: ApiErrorCode;
    message: string;
    statusCode: number;
    metadata?: ApiErrorMetadata;
  };
  return new ApiError(code, message, statusCode, metadata);
}
