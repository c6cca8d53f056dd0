import type { ParticipantRole } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { Headcount, Meeting, Member } from "./meeting.ts";
import { mayGrow, requireActive } from "./states.ts";

/** The roles the published API accepts; a co-host is stored as a participant. */
export type RequestedRole = ParticipantRole | "co-host";

export function storedRole(role: RequestedRole): ParticipantRole {
  return role === "co-host" ? "participant" : role;
}

type Capped = Pick<Meeting, "id" | "state" | "maxParticipants">;

/** Whether one more person fits; refusals: VALIDATION_ERROR (meeting over; full, with `limit`). */
export function mayAdd(meeting: Capped, people: Pick<Headcount, "total">): Result<void> {
  const open = mayGrow(meeting);
  if (!open.ok) return open;
  return people.total < meeting.maxParticipants ? ok(undefined) : full(meeting);
}

/**
 * Whether this member may stop being a host, or be taken out: everybody but the last host, or nobody could end the meeting.
 * Refusals: VALIDATION_ERROR (`last_host`)
 */
export function mayGo(member: Pick<Member, "role">, otherHosts: number): Result<void> {
  if (member.role !== "host" || otherHosts > 0) return ok(undefined);
  return refuse(
    new AppError("VALIDATION_ERROR", "The meeting's last host has to stay its host", {
      field: "userId",
      reason: "last_host",
    }),
  );
}

/** Whether this member may join now; somebody who is there already always may. */
export function mayJoin(
  meeting: Capped,
  member: Pick<Member, "presence">,
  people: Pick<Headcount, "joined">,
): Result<void> {
  const active = requireActive(meeting);
  if (!active.ok || member.presence === "joined") return active;
  return people.joined < meeting.maxParticipants ? ok(undefined) : full(meeting);
}

function full({ id, maxParticipants }: Capped): Result<never> {
  return refuse(
    new AppError("VALIDATION_ERROR", `The meeting takes ${maxParticipants} people at most`, {
      field: "maxParticipants",
      reason: "meeting_full",
      limit: maxParticipants,
      meetingId: id,
    }),
  );
}
