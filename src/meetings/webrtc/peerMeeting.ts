import { AppError } from "../../core/errors.ts";
import { ok, orThrow, type Result, refuse } from "../../core/result.ts";
import type { ReadTx, Tx } from "../../db/port.ts";
import type { Meeting } from "../meeting.ts";
import { requireActive } from "../states.ts";
import { findMember, lockMeeting, requireMeeting } from "../store.ts";

/** Only free meetings go from browser to browser: what a paid one's people say is in its room, and in its recording. */
export function connectsPeers({ tier, id }: Pick<Meeting, "tier" | "id">): Result<void> {
  if (tier === "free") return ok(undefined);
  return refuse(
    new AppError("VALIDATION_ERROR", "This meeting has a room on the server; connect to that", {
      field: "meetingId",
      reason: "free_tier_required",
      meetingId: id,
    }),
  );
}

/**
 * The meeting, locked, and the caller in it still: sessions and signals are counted and stored one transaction after the
 * other, and none after its owner was removed.
 * @throws AppError NOT_FOUND, MEETING_NOT_ACTIVE, VALIDATION_ERROR (paid tier)
 */
export async function lockPeerMeeting(tx: Tx, meetingId: string, userId: string): Promise<Meeting> {
  const meeting = await lockMeeting(tx, meetingId);
  if (!(await findMember(tx, meetingId, userId)))
    throw new AppError("NOT_FOUND", "Meeting not found", { id: meetingId });
  orThrow(requireActive(meeting));
  orThrow(connectsPeers(meeting));
  return meeting;
}

/** A running meeting. @throws AppError NOT_FOUND, MEETING_NOT_ACTIVE */
export async function requireActiveMeeting(tx: ReadTx, meetingId: string): Promise<Meeting> {
  const meeting = await requireMeeting(tx, meetingId);
  orThrow(requireActive(meeting));
  return meeting;
}
