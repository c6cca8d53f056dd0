import { errorCode } from "../../core/errorCode.ts";
import { errorKinds, isAppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { DatabaseUnavailableError } from "../../db/port.ts";
import type { CallRecord, Failure, Outcome, Refusal, Unavailable } from "./outcome.ts";
import { applicationRefusal } from "./refusals.ts";

/** Carries a refusal of the call protocol out of a transaction, which is rolled back on the way. */
export class RefusedCall extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.text);
    this.name = "RefusedCall";
    this.refusal = refusal;
  }
}

const conflictText =
  "Documents read from or written to were changed while this mutation was being run and on every subsequent retry. See https://docs.convex.dev/error#1";

const unavailable = (code: Unavailable["code"], message: string): Unavailable => ({
  kind: "unavailable",
  code,
  message,
  retryAfterMs: 1000,
});

/** What the edges make of anything thrown while a function ran. An unknown error is never made a specific one. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RefusedCall) return error.refusal;
  if (isAppError(error) && error.blame !== "us") return applicationRefusal(error);
  if (error instanceof DatabaseUnavailableError)
    return unavailable("DatabaseUnavailable", "The database is not available. Try again later.");
  if (isConflict(error)) return unavailable("OptimisticConcurrencyControlFailure", conflictText);
  return { kind: "broken" };
}

/** Serialization failure or deadlock that outlasted the database's own retries. */
function isConflict(error: unknown): boolean {
  const code = errorCode(error);
  return code === "40001" || code === "40P01";
}

/** Logs by blame: what callers do wrong is no news of ours. */
export function logFailure(log: Log, failure: Failure, error: unknown): void {
  if (failure.kind === "broken") log.error({ err: error }, "function broke");
  else if (failure.kind === "unavailable") log.warn({ err: error }, "function unavailable");
  else if (blameOf(failure) === "provider") log.warn({ err: error }, "provider failed a function");
}

function blameOf(refusal: Refusal): "caller" | "provider" | "us" {
  return errorKinds[refusal.data.code].blame;
}

/** The part of a call's record that its outcome decides. */
export function recordOf(outcome: Outcome): Pick<CallRecord, "outcome" | "code" | "blame"> {
  if (outcome.ok) return { outcome: "success" };
  const { failure } = outcome;
  switch (failure.kind) {
    case "refused":
      return { outcome: "refused", code: failure.data.code, blame: blameOf(failure) };
    case "unavailable":
      return { outcome: "unavailable", code: failure.code, blame: "us" };
    case "broken":
      return { outcome: "broken", code: "INTERNAL_ERROR", blame: "us" };
  }
}
