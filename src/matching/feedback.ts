import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";
import { cancelMeeting } from "../meetings/lifecycle/endMeeting.ts";
import type { Meeting } from "../meetings/meeting.ts";
import { lockMeeting, now } from "../meetings/store.ts";
import { endMatch } from "./endings.ts";
import {
  closeMatch,
  findMatchOf,
  lockMatch,
  type Match,
  type MatchPerson,
  settleMatch,
  tellMatch,
} from "./matchStore.ts";
import { checkRemark } from "./rules.ts";

export type Outcome = "accepted" | "declined" | "completed";

/** What one of two says of their match. */
export interface Feedback {
  matchId: string;
  outcome: Outcome;
  feedback?: { rating: number; comments?: string | undefined } | undefined;
}

/** One statement for each, so that no name of a column is put together. */
const note: Record<Outcome, ReturnType<typeof statement>> = {
  accepted: statement(
    "matches.noteAccepted",
    "UPDATE match_people SET accepted_at = app_now() WHERE match_id = $1 AND user_id = $2",
  ),
  declined: statement(
    "matches.noteDeclined",
    "UPDATE match_people SET declined_at = app_now() WHERE match_id = $1 AND user_id = $2",
  ),
  completed: statement(
    "matches.noteCompleted",
    "UPDATE match_people SET completed_at = app_now() WHERE match_id = $1 AND user_id = $2",
  ),
};

const rate = statement(
  "matches.rate",
  "UPDATE match_people SET rating = $3, comments = $4 WHERE match_id = $1 AND user_id = $2",
);

/**
 * Stores what one of two says of their match, each once: yes, no, or that they have met.
 * @throws AppError NOT_FOUND, CONFLICT (said already), VALIDATION_ERROR with `field` or `reason`
 */
export async function giveFeedback(
  tx: Tx,
  userId: string,
  { matchId, outcome, feedback }: Feedback,
): Promise<void> {
  const remark = feedback && orThrow(checkRemark(feedback));
  const found = await findMatchOf(tx, userId, matchId);
  if (!found) throw new AppError("NOT_FOUND", "Match not found", { id: matchId.slice(0, 64) });
  const meeting = await lockMeeting(tx, found.meetingId);
  const match = await lockMatch(tx, found.id);
  const me = match.people.find((person) => person.userId === userId);
  if (!me) throw new Error("somebody has left a match");
  if (me[`${outcome}At`] !== null)
    throw new AppError("CONFLICT", "You have said so already", { field: "outcome" });
  const at = await now(tx);
  await say[outcome](tx, { match, meeting, me, at });
  await tx.run(note[outcome], [match.id, userId]);
  if (remark) await tx.run(rate, [match.id, userId, remark.rating, remark.comments]);
  tellMatch(tx, match);
  const { meetingId } = match;
  const resource = { resourceType: "match", resourceId: match.id, meetingId } as const;
  await recordAudit(tx, { actorUserId: userId, ...resource, action: `match.${outcome}` });
}

interface Moment {
  match: Match;
  meeting: Meeting;
  me: MatchPerson;
  /** Epoch ms. */
  at: number;
}

const say: Record<Outcome, (tx: Tx, moment: Moment) => Promise<void>> = {
  accepted: async (tx, { match, me }) => {
    if (match.state !== "proposed") refuse(match.state, "This match cannot be accepted any more");
    const other = match.people.find(({ userId }) => userId !== me.userId);
    if (other?.acceptedAt !== null) await settleMatch(tx, match, "accepted");
  },
  declined: async (tx, { match, meeting, me }) => {
    const isOpen = match.state === "proposed" || match.state === "accepted";
    if (!isOpen) refuse(match.state, "This match cannot be declined any more");
    if (meeting.state !== "scheduled")
      refuse("started", "Your meeting has begun; leave or end it instead");
    const leaving = [me.userId];
    await endMatch(tx, match, { state: "declined", leaving, actorUserId: me.userId });
    await cancelMeeting(tx, meeting.id, me.userId);
  },
  completed: async (tx, { match, meeting, at }) => {
    if (match.state !== "accepted" && match.state !== "completed")
      refuse("not_accepted", "Only a match that both have accepted can be completed");
    if (meeting.startedAt === null && at < match.startsAt)
      refuse("not_begun", "The time of your meeting has not come yet");
    await settleMatch(tx, match, "completed");
    await closeMatch(tx, match);
  },
};

function refuse(reason: string, message: string): never {
  throw new AppError("VALIDATION_ERROR", message, { field: "outcome", reason });
}
