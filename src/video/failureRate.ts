import { CircuitState, type IBreaker } from "cockatiel";

export interface FailureRateLimits {
  /** Share of failed calls at which the breaker opens, 0–1. */
  failureRate: number;
  /** How far back calls count, ms. */
  windowMs: number;
  /** Fewer calls than this in the window never open it. */
  minCalls: number;
}

interface Outcome {
  at: number;
  failed: boolean;
}

/**
 * Opens at a failure rate over an exact sliding window. Cockatiel's own sampling breaker ages a window only when the
 * next one is written to, so after a quiet hour it still counts the failures of an hour ago.
 */
export class FailureRateBreaker implements IBreaker {
  #outcomes: Outcome[] = [];
  readonly #limits: FailureRateLimits;
  readonly #now: () => number;

  constructor(limits: FailureRateLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Required by the library for saving a breaker; ours starts closed with every process. */
  get state(): unknown {
    return undefined;
  }

  /** Failed calls of the window that ends now. */
  get failures(): number {
    this.#forgetOld();
    return this.#outcomes.filter((outcome) => outcome.failed).length;
  }

  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#outcomes = [];
    this.#push(false);
  }

  failure(state: CircuitState): boolean {
    this.#push(true);
    if (state !== CircuitState.Closed) return true;
    const { failures } = this;
    const { failureRate, minCalls } = this.#limits;
    const calls = this.#outcomes.length;
    return calls >= minCalls && failures >= failureRate * calls;
  }

  #push(failed: boolean): void {
    this.#forgetOld();
    this.#outcomes.push({ at: this.#now(), failed });
  }

  #forgetOld(): void {
    const oldest = this.#now() - this.#limits.windowMs;
    this.#outcomes = this.#outcomes.filter((outcome) => outcome.at > oldest);
  }
}
