import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { MeetingState } from "./meeting.ts";

/** Every legal move; concluded and cancelled are final. */
const moves: Readonly<Record<MeetingState, readonly MeetingState[]>> = {
  scheduled: ["active", "cancelled"],
  active: ["concluded"],
  concluded: [],
  cancelled: [],
};

interface Stateful {
  id: string;
  state: MeetingState;
}

export function isLegalMove(from: MeetingState, to: MeetingState): boolean {
  return moves[from].includes(to);
}

/** Refuses what needs a running meeting: MEETING_NOT_ACTIVE with the state it is in. */
export function requireActive(meeting: Stateful): Result<void> {
  if (meeting.state === "active") return ok(undefined);
  return refuse(
    new AppError("MEETING_NOT_ACTIVE", standing[meeting.state], {
      meetingId: meeting.id,
      state: meeting.state,
    }),
  );
}

const standing: Readonly<Record<MeetingState, string>> = {
  scheduled: "The meeting has not started yet",
  active: "The meeting is running",
  concluded: "The meeting has ended",
  cancelled: "The meeting has been cancelled",
};

/** Whether the meeting can be started: a scheduled one only. */
export function mayStart(meeting: Stateful): Result<void> {
  if (isLegalMove(meeting.state, "active")) return ok(undefined);
  return wrongState(meeting, `${standing[meeting.state]}; only a scheduled meeting can be started`);
}

/** Whether the meeting can be cancelled: a scheduled one only. */
export function mayCancel(meeting: Stateful): Result<void> {
  if (isLegalMove(meeting.state, "cancelled")) return ok(undefined);
  const advice = meeting.state === "active" ? "end it instead" : "there is nothing to cancel";
  return wrongState(meeting, `${standing[meeting.state]}; ${advice}`);
}

/** Whether people can still be brought in: until the meeting is over. */
export function mayGrow(meeting: Stateful): Result<void> {
  if (meeting.state === "scheduled" || meeting.state === "active") return ok(undefined);
  return wrongState(meeting, standing[meeting.state]);
}

function wrongState(meeting: Stateful, message: string): Result<never> {
  return refuse(
    new AppError("VALIDATION_ERROR", message, {
      field: "meetingId",
      reason: `meeting_${meeting.state}`,
      state: meeting.state,
    }),
  );
}
