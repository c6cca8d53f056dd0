import type { Blame, ErrorCode, ErrorData } from "../../core/errors.ts";

/** How a call ended, before any edge has written it down. */
export type Outcome =
  /** The checked result as JSON text in the format the call asked for. */
  | {
      readonly ok: true;
      readonly json: string;
      /** Of a mutation that was told apart from its repeats: the number of its commit. */
      readonly ts?: bigint;
    }
  | { readonly ok: false; readonly failure: Failure };

export type Failure = Refusal | Unavailable | Broken;

/** The caller is told why: HTTP 200 with `status: "error"`. */
export interface Refusal {
  readonly kind: "refused";
  /** What stands below the `Server Error` line; ends in a newline. */
  readonly text: string;
  readonly data: ErrorData;
  /**
   * Raised by the application rather than by the call protocol (unknown function, wrong kind, bad arguments).
   * Convex clients get `data` for these only, so that a ConvexError stays what it is to them; `/api/run`,
   * where every error is typed, always carries it.
   */
  readonly typed: boolean;
}

/** Nothing is wrong with the call, a service we need is missing: HTTP 503. */
export interface Unavailable {
  readonly kind: "unavailable";
  readonly code: "DatabaseUnavailable" | "OptimisticConcurrencyControlFailure";
  readonly message: string;
  readonly retryAfterMs: number;
}

/** Our own fault: HTTP 500, nothing of it is told. */
export interface Broken {
  readonly kind: "broken";
}

/** The `errorMessage` of a refused call, in the form Convex clients know. */
export function errorMessage(requestId: string, refusal: Refusal): string {
  return `[Request ID: ${requestId}] Server Error\n${refusal.text}`;
}

/** One finished call, for logs and metrics. */
export interface CallRecord {
  /** The function's name, or `unknown`: names that do not exist must not become metric labels. */
  readonly fn: string;
  readonly kind: "query" | "mutation" | "action" | "unknown";
  readonly requestId: string;
  readonly outcome: "success" | Failure["kind"];
  /** Absent for a success. */
  readonly code?: ErrorCode | Unavailable["code"];
  readonly blame?: Blame;
  /** Of arguments and result. */
  readonly bytes: number;
  readonly ms: number;
}
