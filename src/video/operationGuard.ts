import {
  type CircuitBreakerPolicy,
  CircuitState,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from "cockatiel";
import { backoffMs } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { FailureRateBreaker, type FailureRateLimits } from "./failureRate.ts";
import { isProviderFault, isTransient, retryAfterMs } from "./faults.ts";
import type { BreakerState } from "./port.ts";

export interface GuardLimits {
  /** All attempts and waits of one call together, ms. */
  budgetMs: number;
  /** One attempt, ms. */
  attemptTimeoutMs: number;
  /** The first attempt included. */
  maxAttempts: number;
  /** Wait before the second attempt, doubling from there up to `maxBackoffMs`; ms before jitter. */
  backoffMs: number;
  maxBackoffMs: number;
  /** How long an open breaker answers by itself before it lets one probe through, ms. */
  openMs: number;
  breaker: FailureRateLimits;
}

export interface GuardOptions {
  service: string;
  operation: string;
  limits: GuardLimits;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  onStateChange: (state: BreakerState) => void;
}

type Work<T> = (signal: AbortSignal) => Promise<T>;

interface Call<T> {
  work: Work<T>;
  signal: AbortSignal;
  /** Epoch ms. */
  deadline: number;
  lastError: AppError | undefined;
}

/** Ends the attempts with this error, whatever the retry policy thinks of it. */
class GiveUp extends Error {
  readonly error: AppError;
  constructor(error: AppError) {
    super(error.message);
    this.error = error;
  }
}

/** A wait or an attempt shorter than this is not worth beginning, ms. */
const leastUsefulMs = 50;
/** What callers are told to wait while the one probe is under way, ms. */
const probeRetryMs = 1000;

const stateNames = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "halfOpen",
  [CircuitState.Isolated]: "open",
} as const satisfies Record<CircuitState, BreakerState>;

/** Time-out, retry and circuit breaker for one operation of one provider. */
export class OperationGuard {
  readonly #options: GuardOptions;
  readonly #retry;
  #rate: FailureRateBreaker;
  #breaker: CircuitBreakerPolicy;
  #openedAt = 0;

  constructor(options: GuardOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#retry = retry(handleWhen(isTransient), { maxAttempts: limits.maxAttempts - 1 });
    this.#rate = new FailureRateBreaker(limits.breaker, () => clock.now());
    this.#breaker = this.#closedBreaker(this.#rate);
  }

  #closedBreaker(rate: FailureRateBreaker): CircuitBreakerPolicy {
    const { limits, clock } = this.#options;
    const breaker = circuitBreaker(
      handleWhen((error) => this.#counts(error)),
      { halfOpenAfter: limits.openMs, breaker: rate },
    );
    breaker.onBreak(() => {
      this.#openedAt = clock.now();
    });
    breaker.onStateChange((state) => {
      // Calls that began before a reset end in the breaker of before.
      if (breaker === this.#breaker) this.#changed(stateNames[state]);
    });
    return breaker;
  }

  get state(): BreakerState {
    return stateNames[this.#breaker.state];
  }

  /** Failed calls that count at present. */
  get failures(): number {
    return this.#rate.failures;
  }

  /** Forgets what has failed and lets calls through. */
  reset(): void {
    const wasClosed = this.state === "closed";
    const { breaker } = this.#options.limits;
    this.#rate = new FailureRateBreaker(breaker, () => this.#options.clock.now());
    this.#breaker = this.#closedBreaker(this.#rate);
    if (!wasClosed) this.#changed("closed");
  }

  get budgetMs(): number {
    return this.#options.limits.budgetMs;
  }

  /** When a call that begins now has to be over, epoch ms. */
  deadline(): number {
    return this.#options.clock.now() + this.budgetMs;
  }

  /**
   * Runs `work` until it succeeds, fails for good, or the budget is spent.
   * `work` must watch its signal; a slow one is abandoned when its time is over.
   * @throws what `work` threw last; AppError EXTERNAL_SERVICE_TIMEOUT `{service, operation, timeoutMs}` when time ran out, or
   * `{service, operation, breaker: "open", retryAfterMs}` at once, nothing sent, while the breaker is open; the
   * signal's reason when the caller aborts
   */
  async run<T>(
    work: Work<T>,
    signal: AbortSignal = new AbortController().signal,
    deadline: number = this.deadline(),
  ): Promise<T> {
    const call: Call<T> = { work, signal, deadline, lastError: undefined };
    try {
      return await this.#retry.execute(({ attempt }) => this.#attempt(call, attempt), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof GiveUp ? error.error : error;
    }
  }

  /**
   * One attempt outside retry and breaker, within the time that is left until `deadline` (epoch ms).
   * @throws as `run`, without the breaker's
   */
  async once<T>(work: Work<T>, signal: AbortSignal, deadline: number): Promise<T> {
    const tooLate = deadline - this.#options.clock.now() < leastUsefulMs;
    if (tooLate) throw this.#timedOut(this.budgetMs, undefined);
    return this.#withinTime({ work, signal, deadline, lastError: undefined });
  }

  async #attempt<T>(call: Call<T>, attempt: number): Promise<T> {
    call.signal.throwIfAborted();
    if (attempt > 0) await this.#backOff(call, attempt);
    try {
      return await this.#throughBreaker(call);
    } catch (error) {
      if (isTransient(error)) call.lastError = error;
      throw error;
    }
  }

  /** The library lets callers wait for a probe that is under way; ours are answered at once. */
  async #throughBreaker<T>(call: Call<T>): Promise<T> {
    if (this.#breaker.state === CircuitState.HalfOpen) throw this.#refusal(call, probeRetryMs);
    try {
      return await this.#breaker.execute(() => this.#withinTime(call), call.signal);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      const { limits, clock } = this.#options;
      throw this.#refusal(call, Math.max(1, this.#openedAt + limits.openMs - clock.now()));
    }
  }

  /** Once something was sent, the caller is told how that failed: `breaker: "open"` always means "nothing sent". */
  #refusal<T>(call: Call<T>, waitMs: number): GiveUp {
    if (call.lastError) return new GiveUp(call.lastError);
    const { service, operation } = this.#options;
    return new GiveUp(
      new AppError(
        "EXTERNAL_SERVICE_TIMEOUT",
        "The video provider is failing and is left alone for a moment; try again",
        { service, operation, breaker: "open", retryAfterMs: waitMs, outcome: "none" },
      ),
    );
  }

  async #withinTime<T>({ work, signal, deadline }: Call<T>): Promise<T> {
    const { clock, limits } = this.#options;
    const timeoutMs = Math.max(1, Math.min(limits.attemptTimeoutMs, deadline - clock.now()));
    try {
      return await timeout(timeoutMs, TimeoutStrategy.Aggressive).execute(
        (context) => work(context.signal),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      // Cockatiel 3.2.1's own guard looks for another error's brand.
      throw error instanceof TaskCancelledError ? this.#timedOut(timeoutMs, error) : error;
    }
  }

  async #backOff<T>(call: Call<T>, attempt: number): Promise<void> {
    const { clock, log, service, operation } = this.#options;
    const delayMs = Math.max(this.#jittered(attempt), retryAfterMs(call.lastError));
    if (clock.now() + delayMs + leastUsefulMs > call.deadline) throw this.#outOfTime(call);
    const code = call.lastError?.code;
    log.warn(
      { service, operation, attempt, delayMs, code, metadata: call.lastError?.metadata },
      "video provider failed; trying again",
    );
    await clock.sleep(delayMs, call.signal);
    call.signal.throwIfAborted();
  }

  #jittered(attempt: number): number {
    const { backoffMs: firstMs, maxBackoffMs: mostMs } = this.#options.limits;
    return Math.round(backoffMs({ firstMs, mostMs }, attempt, this.#options.random()));
  }

  /** A rate limit that outlasts the budget is told as it is, with its hint; all else is time that ran out. */
  #outOfTime<T>(call: Call<T>): GiveUp {
    const last = call.lastError;
    if (last && retryAfterMs(last) > 0) return new GiveUp(last);
    return new GiveUp(this.#timedOut(this.budgetMs, last));
  }

  #timedOut(timeoutMs: number, cause: unknown): AppError {
    const { service, operation } = this.#options;
    return new AppError(
      "EXTERNAL_SERVICE_TIMEOUT",
      "The video provider did not answer in time",
      { service, operation, timeoutMs },
      cause,
    );
  }

  /** A probe the caller abandoned has proved nothing, so the breaker must not close on it. */
  #counts(error: unknown): boolean {
    if (isProviderFault(error)) return true;
    return this.#breaker.state === CircuitState.HalfOpen && !(error instanceof AppError);
  }

  #changed(state: BreakerState): void {
    const { service, operation, log, onStateChange } = this.#options;
    log.warn({ service, operation, state }, "video provider's breaker changed state");
    onStateChange(state);
  }
}
