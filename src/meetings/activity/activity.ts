import type { Participant } from "../../auth/identity.ts";
import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { statement, type Tx } from "../../db/port.ts";
import { requireActive } from "../states.ts";
import { findMember, requireMeeting } from "../store.ts";
import { reportedUser, storedTopics } from "./rules.ts";

export type ActivityType = "speaking" | "message" | "screen_share" | "reaction";

/** Nobody has spoken for longer than the meeting has run, whatever is reported. */
const addSpeaking = statement(
  "activity.addSpeaking",
  `INSERT INTO meeting_speaking AS s (meeting_id, user_id, speaking_ms)
   SELECT m.id, $2, least($3::bigint, run.ms) FROM meetings m
   CROSS JOIN LATERAL (SELECT greatest(0, extract(epoch FROM app_now() - m.started_at) * 1000)::bigint AS ms) run
   WHERE m.id = $1
   ON CONFLICT (meeting_id, user_id) DO UPDATE SET speaking_ms = least(s.speaking_ms + $3::bigint,
     (SELECT greatest(0, extract(epoch FROM app_now() - m.started_at) * 1000)::bigint FROM meetings m WHERE m.id = $1))`,
);

const noteActivity = statement(
  "activity.note",
  `INSERT INTO meeting_activity (meeting_id, last_activity_at, last_activity, last_user_id)
   VALUES ($1, app_now(), $2, $3)
   ON CONFLICT (meeting_id) DO UPDATE SET last_activity_at = app_now(), last_activity = EXCLUDED.last_activity,
     last_user_id = EXCLUDED.last_user_id, lull_detected_at = NULL, updated_at = app_now()`,
);

const storeTopics = statement(
  "activity.storeTopics",
  `INSERT INTO meeting_activity (meeting_id, topics) VALUES ($1, $2)
   ON CONFLICT (meeting_id) DO UPDATE SET topics = EXCLUDED.topics, updated_at = app_now()`,
);

const dayMs = 86_400_000;

/**
 * Adds to how long somebody has spoken, and counts as activity.
 * @throws AppError MEETING_NOT_ACTIVE, FORBIDDEN (another's, unless for a host), NOT_FOUND (not in the meeting),
 * VALIDATION_ERROR (not 1 ms to a day)
 */
export async function addSpeakingTime(
  tx: Tx,
  reporter: Participant,
  report: { userId: string; speakingDurationMs: number },
): Promise<void> {
  const { meetingId } = reporter;
  const ms = orThrow(wholeNumber("speakingDurationMs", report.speakingDurationMs, { max: dayMs }));
  const userId = await reportable(tx, reporter, report.userId);
  await tx.run(addSpeaking, [meetingId, userId, ms]);
  await note(tx, meetingId, "speaking", userId);
}

/** Notes that somebody did something, which ends a lull. @throws AppError as `addSpeakingTime` does */
export async function recordActivity(
  tx: Tx,
  reporter: Participant,
  report: { activityType: ActivityType; userId?: string | undefined },
): Promise<void> {
  const userId = await reportable(tx, reporter, report.userId ?? reporter.userId);
  await note(tx, reporter.meetingId, report.activityType, userId);
}

/** Replaces what a meeting is about now. @throws AppError MEETING_NOT_ACTIVE, VALIDATION_ERROR with `field` */
export async function replaceTopics(
  tx: Tx,
  meetingId: string,
  topics: readonly string[],
): Promise<void> {
  orThrow(requireActive(await requireMeeting(tx, meetingId)));
  await tx.run(storeTopics, [meetingId, orThrow(storedTopics(topics))]);
  tx.writes(`meeting:${meetingId}`);
}

/** The user whose activity is reported, if that is for the reporter to say. */
async function reportable(tx: Tx, reporter: Participant, asked: string): Promise<string> {
  const { meetingId } = reporter;
  orThrow(requireActive(await requireMeeting(tx, meetingId)));
  const userId = orThrow(reportedUser(reporter, asked));
  const isMember =
    userId === reporter.userId ||
    (/^[\w-]{1,64}$/.test(userId) && (await findMember(tx, meetingId, userId)));
  if (isMember) return userId;
  throw new AppError("NOT_FOUND", "Participant not found", { id: userId.slice(0, 64) });
}

async function note(tx: Tx, meetingId: string, activity: ActivityType, userId: string) {
  await tx.run(noteActivity, [meetingId, activity, userId]);
  tx.writes(`meeting:${meetingId}`);
}
