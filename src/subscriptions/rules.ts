import type { ParticipantRole } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { MeetingState } from "../meetings/meeting.ts";
import { requireActive } from "../meetings/states.ts";

/** What somebody may do with a part of a meeting. */
export type ResourcePermission = "read" | "write" | "manage" | "export" | "invite" | "remove";

type Roles = Readonly<Record<ParticipantRole, readonly ResourcePermission[]>>;

const participants: Roles = {
  host: ["read", "invite", "remove", "manage"],
  participant: ["read"],
  observer: ["read"],
};

/** The parts of a meeting that can be subscribed to, under their published names. */
const resources = new Map<string, Roles>([
  [
    "meetingNotes",
    {
      host: ["read", "write", "manage", "export"],
      participant: ["read", "write"],
      observer: ["read"],
    },
  ],
  [
    "transcripts",
    { host: ["read", "export", "manage"], participant: ["read"], observer: ["read"] },
  ],
  ["meetingParticipants", participants],
  ["participants", participants],
]);

/** Refusals: VALIDATION_ERROR with `field` for what no meeting has. */
export function permissionsOf(
  resourceType: string,
  role: ParticipantRole,
): Result<readonly ResourcePermission[]> {
  const roles = resources.get(resourceType);
  if (roles) return ok(roles[role]);
  const message = `resourceType must be one of ${[...resources.keys()].join(", ")}`;
  return refuse(new AppError("VALIDATION_ERROR", message, { field: "resourceType" }));
}

/** Whether changes of it can be followed: a transcript is made while the meeting runs. Refusals: MEETING_NOT_ACTIVE */
export function canBeFollowed(
  resourceType: string,
  meeting: { id: string; state: MeetingState },
): Result<void> {
  return resourceType === "transcripts" ? requireActive(meeting) : ok(undefined);
}
