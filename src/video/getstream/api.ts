import { type StreamCall, StreamClient } from "@stream-io/node-sdk";
import type { Clock } from "../../core/clock.ts";
import { toAppError } from "./errors.ts";
import { callType, requireCallId } from "./ids.ts";
import { StreamClock } from "./streamClock.ts";

export interface StreamApiOptions {
  apiKey: string;
  apiSecret: string;
  /** Replaces Stream's hosts; without a trailing slash or with one. */
  baseUrl?: string;
  /** One HTTP request, headers and body, ms. */
  requestTimeoutMs?: number;
  clock: Clock;
}

export interface RequestContext {
  /** The operation of our port, for errors. */
  operation: string;
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

  constructor({ apiKey, apiSecret, baseUrl, requestTimeoutMs, clock }: StreamApiOptions) {
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
   * Sends one request. The SDK takes no abort signal: on abort its answer is no longer waited for.
   * @throws AppError as `toAppError` makes it; the signal's reason on abort
   */
  async request<T>(
    { operation, changes = false, signal }: RequestContext,
    send: (client: StreamClient) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const sentAt = this.#clock.now();
    try {
      const answer = await unlessAborted(send(this.#client), signal);
      this.#streamClock.learn(dateOf(answer), sentAt, this.#clock.now());
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const now = this.#clock.now();
      throw toAppError(error, { operation, changes, timeoutMs: this.#timeoutMs, now });
    }
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

/** The `Date` header of an answer, where the SDK kept it. */
function dateOf(answer: unknown): string | null | undefined {
  const { metadata } = (answer ?? {}) as { metadata?: { responseHeaders?: Headers } };
  return metadata?.responseHeaders?.get("date");
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
