import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { displayProblem } from "../core/text/displayText.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { MeetingState } from "../meetings/meeting.ts";
import type { Notes } from "./notes.ts";

/** What one person may write in any minute, in all meetings. */
export const writeLimits = { operations: 200, characters: 500_000, windowMs: 60_000 } as const;

/** Operations of one call. */
export const mostOperations = 200;

/** Operations that another may be behind: moving one over so many takes some ten milliseconds. */
const mostBehind = 5_000;

/** What the log keeps: the oldest operations beyond that go. */
export const logLimits = { operations: 20_000, characters: 8_000_000 } as const;

const maxReasonLength = 200;

/**
 * Whether notes may be written: before a meeting, during it and afterwards, when people finish what they have begun; but not
 * those of a meeting that was cancelled. Refusals: MEETING_NOT_ACTIVE
 */
export function mayWrite(meeting: { id: string; state: MeetingState }): Result<void> {
  if (meeting.state !== "cancelled") return ok(undefined);
  const message = "The meeting has been cancelled; its notes can only be read";
  const { id: meetingId, state } = meeting;
  return refuse(new AppError("MEETING_NOT_ACTIVE", message, { meetingId, state }));
}

/**
 * Whether a client that has read the notes up to that operation can be followed. Refusals: VALIDATION_ERROR (not a sequence, or
 * one that is not there yet), CONFLICT `sequence_too_old`: read the notes again.
 */
export function checkBase(
  field: string,
  base: number,
  notes: Pick<Notes, "sequence" | "keptFrom">,
): Result<number> {
  const { sequence, keptFrom } = notes;
  const checked = wholeNumber(field, base, { min: 0 });
  if (!checked.ok) return checked;
  if (base > sequence) {
    const message = `${field} is ahead of the notes, which are at ${sequence}`;
    return refuse(new AppError("VALIDATION_ERROR", message, { field, limit: sequence }));
  }
  if (base >= keptFrom && sequence - base <= mostBehind) return checked;
  const message = "Too much has been written since; read the notes again";
  return refuse(new AppError("CONFLICT", message, { reason: "sequence_too_old", sequence }));
}

/** Whether the notes are as the caller expects. Refusals: VALIDATION_ERROR, CONFLICT with the `version` and `sequence` they are at */
export function checkVersion(
  expected: number | undefined,
  { version, sequence }: Pick<Notes, "version" | "sequence">,
): Result<void> {
  if (expected === undefined || expected === version) return ok(undefined);
  const checked = wholeNumber("expectedVersion", expected, { min: 0 });
  if (!checked.ok) return checked;
  const message = "The notes have changed; read them again";
  const metadata = { reason: "version_changed", expectedVersion: expected, version, sequence };
  return refuse(new AppError("CONFLICT", message, metadata));
}

/** What somebody wrote in the last `windowMs`. */
export interface Written {
  operations: number;
  characters: number;
  /** Until the oldest of it does not count any more, ms; 0 where there is nothing. */
  oldestLeftMs: number;
}

/** Whether somebody may write more. Refusals: RATE_LIMIT_EXCEEDED with `retryAfterMs` */
export function mayWriteMore({ operations, characters, oldestLeftMs }: Written): Result<void> {
  if (operations < writeLimits.operations && characters < writeLimits.characters)
    return ok(undefined);
  const retryAfterMs = Math.max(1, Math.ceil(oldestLeftMs));
  const message = `Too much was written in ${writeLimits.windowMs / 1000} s; try again in ${Math.ceil(retryAfterMs / 1000)} s`;
  const metadata = { action: "notes", limit: writeLimits.operations, retryAfterMs };
  return refuse(new AppError("RATE_LIMIT_EXCEEDED", message, metadata));
}

/** Whether a call may bring so many operations. Refusals: VALIDATION_ERROR with `limit` */
export function checkCount(operations: readonly unknown[]): Result<void> {
  if (operations.length > 0 && operations.length <= mostOperations) return ok(undefined);
  const message = `operations must have 1 to ${mostOperations} items`;
  const metadata = { field: "operations", limit: mostOperations };
  return refuse(new AppError("VALIDATION_ERROR", message, metadata));
}

/** Whether the audit log may tell that reason. Refusals: VALIDATION_ERROR */
export function checkReason(reason: string): Result<void> {
  const problem =
    reason.length > maxReasonLength
      ? `may have ${maxReasonLength} characters at most`
      : displayProblem(reason);
  if (problem === undefined) return ok(undefined);
  const metadata = { field: "reason", limit: maxReasonLength };
  return refuse(new AppError("VALIDATION_ERROR", `reason ${problem}`, metadata));
}
