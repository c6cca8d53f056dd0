import { type StreamCall, StreamClient } from "@stream-io/node-sdk";
import type { Clock } from "../../core/clock.ts";
import type { ProviderRate } from "../port.ts";
import { type Answered, answeredBy, rateLimited, toAppError } from "./errors.ts";
import { callType, requireCallId } from "./ids.ts";
import { type Endpoint, Rates } from "./rates.ts";
import { StreamClock } from "./streamClock.ts";

export interface StreamApiOptions {
  apiKey: string;
  apiSecret: string;
  /** Replaces Stream's hosts; without a trailing slash or with one. */
  baseUrl?: string;
  /** One HTTP request, headers and body, ms. */
  requestTimeoutMs?: number;
  clock: Clock;
  /** Told when little is left of what Stream answers in a minute. */
  onScarce?: (rate: ProviderRate) => void;
}

export interface RequestContext {
  /** The operation of our port, for errors. */
  operation: string;
  /** What Stream counts it as; its rate is heeded where it is given. */
  endpoint?: Endpoint;
  /** Whether the request changes anything that matters if it is carried out unseen; default no. */
  changes?: boolean;
  signal?: AbortSignal | undefined;
}

/** Recording starts are slow; the SDK's own 3 s are tight for them. */
const defaultRequestTimeoutMs = 4_000;
/** Given as base URL it would send the few chat-hosted endpoints to the video host. */
const publicVideoUrl = "https://video.stream-io-api.com";

/** Stream's SDK with our errors, our ids and abort signals. */
export class StreamApi {
  readonly #client: StreamClient;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #streamClock = new StreamClock();
  readonly #rates: Rates;

  constructor(options: StreamApiOptions) {
    const { apiKey, apiSecret, baseUrl, requestTimeoutMs, clock, onScarce } = options;
    this.#rates = new Rates(clock, onScarce);
    const basePath = baseUrl?.replace(/\/+$/, "");
    this.#timeoutMs = requestTimeoutMs ?? defaultRequestTimeoutMs;
    this.#clock = clock;
    this.#client = new StreamClient(apiKey, apiSecret, {
      timeout: this.#timeoutMs,
      ...(basePath === undefined || basePath === publicVideoUrl ? {} : { basePath }),
    });
  }

  /** The SDK's handle of a call; nothing is sent. @throws AppError VALIDATION_ERROR for an id that is not allowed */
  call(callId: string): StreamCall {
    return this.#client.video.call(callType, requireCallId(callId));
  }

  /**
   * Sends one request, unless Stream has said that it answers no more of the kind for now. The SDK takes no abort signal: on
   * abort its answer is no longer waited for.
   * @throws AppError as `toAppError` makes it, also for what was not sent for its rate's sake; the signal's reason on abort
   */
  async request<T>(
    context: RequestContext,
    send: (client: StreamClient) => Promise<T>,
  ): Promise<T> {
    const { operation, endpoint, changes = false, signal } = context;
    signal?.throwIfAborted();
    const waitMs = this.#rates.waitMs(endpoint);
    if (waitMs > 0) throw rateLimited(operation, waitMs);
    const sentAt = this.#clock.now();
    try {
      const answer = await unlessAborted(send(this.#client), signal);
      this.#learn(endpoint, answeredBy(answer), sentAt);
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const answered = answeredBy(error);
      this.#learn(endpoint, answered, sentAt);
      const retryAfterMs = this.#rates.refused(endpoint, answered);
      throw toAppError(error, { operation, changes, timeoutMs: this.#timeoutMs, retryAfterMs });
    }
  }

  #learn(endpoint: Endpoint | undefined, answered: Answered | undefined, sentAt: number): void {
    if (!answered) return;
    const date = answered.responseHeaders?.get("date");
    this.#streamClock.learn(date, sentAt, this.#clock.now());
    this.#rates.learn(endpoint, answered);
  }

  /** How far Stream's clock is ahead of ours, ms; undefined before its first answer. */
  get aheadMs(): number | undefined {
    return this.#streamClock.aheadMs;
  }

  /** Signs a call token; nothing is sent. The SDK writes into its argument, so it gets one of its own. */
  signCallToken(claims: CallTokenClaims): string {
    return this.#client.generateCallToken({ ...claims });
  }
}

export interface CallTokenClaims {
  user_id: string;
  role: string;
  call_cids: string[];
  /** Epoch seconds. */
  iat: number;
  exp: number;
}

/** Waits for an answer until the signal aborts. @throws the signal's reason then */
export function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    signal.addEventListener("abort", aborted, { once: true });
    answer
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", aborted))
      .catch(() => undefined);
  });
}
