import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import type { Store } from "../state/store.ts";
import type { ApiError } from "./apiError.ts";
import type { Watch } from "./watchedQueries.ts";

type Query = FunctionReference<"query">;
type Mutation = FunctionReference<"mutation">;
type Action = FunctionReference<"action">;

/** Calls the server's functions; queries are watched. @throws ApiError, whatever fails */
export interface ApiClient {
  /** Resolves when what it changed is in what is watched. */
  mutation<F extends Mutation>(ref: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  action<F extends Action>(ref: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
}

/** The server as one person sees it, over one connection. */
export interface Connection extends ApiClient {
  watch<F extends Query>(query: F, args: FunctionArgs<F>): Watch<FunctionReturnType<F>>;
  /** Why the server cannot be asked now; undefined while it can. */
  readonly outage: Pick<Store<ApiError | undefined>, "get" | "subscribe">;
}

/** Who is asking. */
export interface Credentials {
  /** Bearer token of the function API; undefined = nobody. */
  token: () => string | undefined;
  /** Tells when it may be another. @returns stops telling */
  subscribe: (listener: () => void) => () => void;
}
