import { BaseConvexClient, type ConnectionState } from "convex/browser";
import {
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  getFunctionName,
} from "convex/server";
import { Store } from "../state/store.ts";
import { ApiError } from "./apiError.ts";
import type { Connection, Credentials } from "./client.ts";
import { apiErrorOf, offline } from "./refusal.ts";
import { type Watch, WatchedQueries } from "./watchedQueries.ts";

export interface LiveClientOptions {
  /** Where the server is, e.g. `location.origin`. */
  baseUrl: string;
  credentials: Credentials;
  /** Called when the server does not take the token, or no longer. */
  onRefused: () => void;
  webSocket?: typeof WebSocket;
}

/** Connections come and go: one that is not back after this long is an outage, ms. */
const outageAfterMs = 2_000;
/** What a person asks for is not sent later than this: nobody expects it any more, ms. */
const connectMs = 5_000;
/** Above what the slowest function (a start, at most 10 s) may take, ms. */
const callTimeoutMs = 25_000;

/** One person's connection to the server: Convex's own client, its failures as ApiError, and how the connection stands. */
export class LiveClient implements Connection {
  readonly outage = new Store<ApiError | undefined>(undefined);
  readonly #convex: BaseConvexClient;
  readonly #queries = new WatchedQueries();
  readonly #options: LiveClientOptions;
  readonly #ends: (() => void)[];
  #token: string | undefined;
  #outageTimer: ReturnType<typeof setTimeout> | undefined;
  /** The server is there, and has said that it cannot work. */
  #turnedAway = false;

  constructor(options: LiveClientOptions) {
    const { baseUrl, credentials, webSocket } = options;
    this.#options = options;
    const tell = (tokens: string[]) => this.#queries.tell(tokens);
    this.#convex = new BaseConvexClient(baseUrl, tell, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      unsavedChangesWarning: false,
      onServerDisconnectError: (message) => {
        this.#turnedAway = /code 1013/.test(message);
      },
      ...(webSocket === undefined ? {} : { webSocketConstructor: webSocket }),
    });
    this.#authenticate();
    this.#ends = [
      credentials.subscribe(() => this.#authenticate()),
      this.#convex.subscribeToConnectionState((state) => this.#look(state)),
    ];
    this.#look(this.#convex.connectionState());
  }

  watch<F extends FunctionReference<"query">>(
    query: F,
    args: FunctionArgs<F>,
  ): Watch<FunctionReturnType<F>> {
    return this.#queries.watch(this.#convex, query, args);
  }

  mutation<F extends FunctionReference<"mutation">>(
    ref: F,
    args: FunctionArgs<F>,
  ): Promise<FunctionReturnType<F>> {
    return this.#call(() => this.#convex.mutation(getFunctionName(ref), args));
  }

  action<F extends FunctionReference<"action">>(
    ref: F,
    args: FunctionArgs<F>,
  ): Promise<FunctionReturnType<F>> {
    return this.#call(() => this.#convex.action(getFunctionName(ref), args));
  }

  close(): void {
    for (const end of this.#ends) end();
    clearTimeout(this.#outageTimer);
    this.#queries.clear();
    void this.#convex.close();
  }

  #authenticate(): void {
    const { credentials, onRefused } = this.#options;
    const token = credentials.token();
    // Without one the person is leaving, and so does this connection.
    if (token === undefined || token === this.#token) return;
    this.#token = token;
    this.#convex.setAuth(
      async () => credentials.token(),
      (isTaken) => {
        if (!isTaken) onRefused();
      },
    );
  }

  #look({ isWebSocketConnected, connectionRetries }: ConnectionState): void {
    // A connection counts once everything was answered over it.
    if (isWebSocketConnected && connectionRetries === 0) {
      clearTimeout(this.#outageTimer);
      this.#outageTimer = undefined;
      this.#turnedAway = false;
      if (this.outage.get() !== undefined) this.outage.set(undefined);
    } else if (this.outage.get() !== undefined) this.#tellOutage();
    else this.#outageTimer ??= setTimeout(() => this.#tellOutage(), outageAfterMs);
  }

  #tellOutage(): void {
    const outage = this.#presentOutage();
    if (this.outage.get()?.code !== outage.code) this.outage.set(outage);
  }

  #presentOutage(): ApiError {
    if (!this.#turnedAway) return offline();
    return new ApiError("UNAVAILABLE", "The server cannot work right now", 503);
  }

  async #call<T>(send: () => Promise<T>): Promise<T> {
    await this.#connected();
    try {
      return await this.#within(callTimeoutMs, send());
    } catch (error) {
      throw apiErrorOf(error);
    }
  }

  /** @throws ApiError when there is no connection for too long */
  async #connected(): Promise<void> {
    if (this.#convex.connectionState().isWebSocketConnected) return;
    let end = () => {};
    const connected = new Promise<void>((resolve) => {
      end = this.#convex.subscribeToConnectionState(({ isWebSocketConnected }) => {
        if (isWebSocketConnected) resolve();
      });
    });
    await this.#within(connectMs, connected).finally(end);
  }

  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#presentOutage()), ms);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }
}
