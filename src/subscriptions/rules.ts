import type { ParticipantRole } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import type { MeetingState } from "../meetings/meeting.ts";

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

/** How things stand with a subscription. */
export interface Validity {
  valid: boolean;
  permissions: readonly ResourcePermission[];
  /** Why it is not valid. */
  reason?: string;
  /** Establishing it again may help. */
  shouldReconnect: boolean;
}

/** Whether somebody with these permissions can be told what becomes of it: a transcript is told while the meeting runs. */
export function validityOf(
  resourceType: string,
  permissions: readonly ResourcePermission[],
  state: MeetingState,
): Validity {
  if (resourceType !== "transcripts" || state === "active")
    return { valid: true, permissions, shouldReconnect: false };
  const isAhead = state === "scheduled";
  const reason = isAhead ? "The meeting has not started yet" : "The meeting is over";
  return { valid: false, permissions, reason, shouldReconnect: isAhead };
}

/** Of what cannot be read at all. */
export function invalid({ message }: AppError): Validity {
  return { valid: false, permissions: [], reason: message, shouldReconnect: false };
}
