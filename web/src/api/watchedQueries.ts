import type { BaseConvexClient } from "convex/browser";
import {
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  getFunctionName,
} from "convex/server";
import type { ApiError } from "./apiError.ts";
import { apiErrorOf } from "./refusal.ts";

/** What a query gave last; neither of both before its first answer. */
export interface Answer<T> {
  value?: T;
  /** Why it gives nothing. */
  refusal?: ApiError;
}

/** A query that is kept up to date for as long as somebody listens, as React's useSyncExternalStore takes it. */
export interface Watch<T> {
  get: () => Answer<T>;
  /** @returns stops listening */
  subscribe: (listener: () => void) => () => void;
}

type Query = FunctionReference<"query">;
type Client = Pick<BaseConvexClient, "subscribe" | "localQueryResult">;

const unanswered = {};

interface Listening {
  read: () => void;
  listener: () => void;
}

/** Who listens to which query of a connection. */
export class WatchedQueries {
  readonly #listening = new Map<string, Set<Listening>>();

  /** @param tokens of the queries whose answers have changed, as the client told them */
  tell(tokens: readonly string[]): void {
    const told = tokens.flatMap((token) => [...(this.#listening.get(token) ?? [])]);
    // First all, so that who looks at two queries sees them of one state.
    for (const { read } of told) read();
    for (const { listener } of told) listener();
  }

  /** The connection is over, and so is everything that was asked over it. */
  clear(): void {
    this.#listening.clear();
  }

  watch<F extends Query>(
    client: Client,
    query: F,
    args: FunctionArgs<F>,
  ): Watch<FunctionReturnType<F>> {
    const name = getFunctionName(query);
    const present = (): Answer<FunctionReturnType<F>> =>
      answerOf(() => client.localQueryResult(name, args));
    // Somebody else may watch the same already.
    let answer = present();
    const read = () => {
      answer = present();
    };
    return {
      get: () => answer,
      subscribe: (listener) => {
        const { queryToken, unsubscribe } = client.subscribe(name, args);
        const everybody = this.#listening.get(queryToken) ?? new Set();
        const mine = { read, listener };
        this.#listening.set(queryToken, everybody.add(mine));
        read();
        return () => {
          everybody.delete(mine);
          // After the end the client knows the query no more.
          if (this.#listening.get(queryToken) !== everybody) return;
          if (everybody.size === 0) this.#listening.delete(queryToken);
          unsubscribe();
        };
      },
    };
  }
}

function answerOf<T>(read: () => T | undefined): Answer<T> {
  try {
    const value = read();
    return value === undefined ? unanswered : { value };
  } catch (error) {
    return { refusal: apiErrorOf(error) };
  }
}
