import type { Clock } from "../../core/clock.ts";
import type { ProviderRate } from "../port.ts";
import type { Answered } from "./errors.ts";

/** Stream's names of what it counts; each has a rate of its own, for all servers of an application. */
export type Endpoint =
  | "BlockUser"
  | "DeleteRecording"
  | "EndCall"
  | "GetCall"
  | "GetOrCreateCall"
  | "KickUser"
  | "ListRecordings"
  | "QueryCalls"
  | "StartRecording"
  | "StopRecording"
  | "UpdateCall"
  | "UpdateUsers";

/** What is asked again and again for recordings that wait: only that can be asked less often. */
const polled: ReadonlySet<Endpoint> = new Set(["GetCall", "ListRecordings", "QueryCalls"]);
/** Share of a window from which on less is asked. */
const scarceShare = 0.4;
/** Between two words on the same endpoint while there is still something left, ms. */
const tellEveryMs = 1_000;
/** Stream caps per second too, without a header for it; a minute's end may be unknown. */
const secondMs = 1_000;
/** Its windows are a minute; nothing that a header says shuts an endpoint for longer than this, ms. */
const longestMs = 5 * 60_000;
/** Ends of one window, told in whole seconds and by a clock that is not quite known, differ by less than this, ms. */
const sameWindowMs = 2_000;

/** Epoch ms, by our clock. */
interface Window {
  limit: number;
  remaining: number;
  resetsAt: number;
  /** Nothing is sent before. */
  shutUntil: number;
  toldAt: number;
}

/**
 * What Stream says in each answer of how many more it gives: `X-RateLimit-Limit`, `-Remaining` and `-Reset`, and in a refusal
 * `Retry-After`. What it would refuse is not sent.
 */
export class Rates {
  readonly #clock: Clock;
  readonly #onScarce: (rate: ProviderRate) => void;
  readonly #windows = new Map<Endpoint, Window>();

  constructor(clock: Clock, onScarce: (rate: ProviderRate) => void = () => undefined) {
    this.#clock = clock;
    this.#onScarce = onScarce;
  }

  /** How long nothing more is to be sent to the endpoint, ms; 0 = it may be. */
  waitMs(endpoint: Endpoint | undefined): number {
    const window = endpoint && this.#windows.get(endpoint);
    if (!window) return 0;
    const { remaining, resetsAt, shutUntil } = window;
    const until = Math.max(shutUntil, remaining <= 0 ? resetsAt : 0);
    return Math.max(0, Math.ceil(until - this.#clock.now()));
  }

  /** Takes what an answer says that has just come. */
  learn(endpoint: Endpoint | undefined, answered: Answered): void {
    const { rateLimit: limit, rateLimitRemaining: remaining } = answered.rateLimit ?? {};
    if (!endpoint || !isCount(limit) || limit === 0 || !isCount(remaining)) return;
    const leftMs = this.#untilReset(answered);
    if (leftMs === undefined) return;
    const resetsAt = this.#clock.now() + leftMs;
    const known = this.#windows.get(endpoint);
    // Answers overtake each other: within a window the least is the latest.
    if (known && resetsAt < known.resetsAt - sameWindowMs) return;
    const isSame = known !== undefined && resetsAt < known.resetsAt + sameWindowMs;
    const window: Window = {
      limit,
      remaining: isSame ? Math.min(known.remaining, remaining) : remaining,
      resetsAt: isSame ? known.resetsAt : resetsAt,
      shutUntil: known?.shutUntil ?? 0,
      toldAt: known?.toldAt ?? 0,
    };
    this.#windows.set(endpoint, window);
    this.#tell(endpoint, window);
  }

  /** Heeds a 429. @returns when to come back, ms */
  refused(endpoint: Endpoint | undefined, answered: Answered | undefined): number {
    if (answered?.responseCode !== 429) return secondMs;
    const waitMs = Math.max(1, Math.min(this.#comeBackMs(answered), longestMs));
    const window = endpoint && this.#windows.get(endpoint);
    const shutUntil = this.#clock.now() + waitMs;
    if (window) window.shutUntil = Math.max(window.shutUntil, shutUntil);
    else if (endpoint) this.#windows.set(endpoint, { ...unknown, shutUntil });
    return waitMs;
  }

  /** Where something is left of the minute, or it ends in this very second, it was too much for a second. */
  #comeBackMs(answered: Answered): number {
    const told = answered.responseHeaders?.get("retry-after");
    const wait = told && retryAfterMs(told, this.#saidAt(answered));
    if (typeof wait === "number") return wait;
    if ((answered.rateLimit?.rateLimitRemaining ?? 0) > 0) return secondMs;
    const untilReset = this.#untilReset(answered) ?? 0;
    return untilReset > 0 ? untilReset : secondMs;
  }

  #untilReset(answered: Answered): number | undefined {
    const reset = answered.rateLimit?.rateLimitReset?.getTime();
    if (reset === undefined || Number.isNaN(reset)) return undefined;
    return Math.min(reset - this.#saidAt(answered), longestMs);
  }

  /** Stream's times are told apart from each other: its clock need not be ours. In whole seconds, so that nobody comes early. */
  #saidAt({ responseHeaders }: Answered): number {
    const date = Date.parse(responseHeaders?.get("date") ?? "");
    return Number.isNaN(date) ? this.#clock.now() : date;
  }

  #tell(endpoint: Endpoint, window: Window): void {
    const { limit, remaining, resetsAt, toldAt } = window;
    const now = this.#clock.now();
    const leftMs = resetsAt - now;
    if (!polled.has(endpoint) || leftMs <= 0 || remaining >= limit * scarceShare) return;
    if (remaining > 0 && now - toldAt < tellEveryMs) return;
    window.toldAt = now;
    this.#onScarce({ endpoint, limit, remaining, leftMs });
  }
}

const unknown = { limit: 1, remaining: 1, resetsAt: 0, toldAt: 0 };

const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value >= 0;

/** Seconds, or a date seen from `now`. */
function retryAfterMs(value: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at - now;
}
