import { recordAudit } from "../audit/record.ts";
import { holdUserById } from "../auth/users.ts";
import { newId } from "../core/ids.ts";
import { cleanDisplayText } from "../core/text/displayText.ts";
import { namedStatement, statement, type Tx } from "../db/port.ts";
import { announce } from "../meetings/announce.ts";
import { createMeeting } from "../meetings/lifecycle/createMeeting.ts";
import { insertParticipant } from "../meetings/people/people.ts";
import type { MeetingServices } from "../meetings/services.ts";
import { now } from "../meetings/store.ts";
import { mayBeMatched, stillWaiting, type Waiting } from "./candidates.ts";
import { type Features, shortestMeetingMs, usualMeetingMs } from "./match.ts";
import { tellQueue } from "./queueStore.ts";
import { featuresOf, reasonsOf, scoreOf } from "./scoring.ts";
import type { WeightsOf } from "./weights.ts";

export type MatchServices = Pick<MeetingServices, "config" | "video">;

/** Whoever else works on one of them has them. */
const takeBoth = statement<{ id: string }>(
  "matches.takeEntries",
  `SELECT id FROM matching_queue WHERE id = ANY($1::text[]) AND status = 'waiting' ORDER BY id FOR UPDATE SKIP LOCKED`,
);

const markMatched = statement(
  "matches.markEntries",
  "UPDATE matching_queue SET status = 'matched', is_new = false, updated_at = app_now() WHERE id = ANY($1::text[])",
);

const insertMatch = namedStatement<
  never,
  {
    id: string;
    meetingId: string;
    score: number;
    features: string;
    weights: string;
    reasons: string[];
    startsAt: number;
    endsAt: number;
    answerBy: number;
  }
>(
  "matches.insert",
  `INSERT INTO matches (id, meeting_id, score, features, weights, reasons, starts_at, ends_at, answer_by)
   VALUES (:id, :meetingId, :score, :features::jsonb, :weights::jsonb, :reasons,
     to_timestamp(:startsAt::double precision / 1000), to_timestamp(:endsAt::double precision / 1000),
     to_timestamp(:answerBy::double precision / 1000))`,
);

const insertPerson = statement(
  "matches.insertPerson",
  "INSERT INTO match_people (match_id, user_id, entry_id, id, waited_ms) VALUES ($1, $2, $3, $4, $5)",
);

const longestTitle = 200;
/** They have at least that long to answer, ms. */
const answerMs = 900_000;

/** Two entries to be brought together. */
export interface MatchWish {
  entryIds: readonly [string, string];
  minScore: number;
  weightsOf: WeightsOf;
  /** Absent = the server itself or the administrator. */
  actorUserId?: string | undefined;
}

/**
 * Brings two people together in a meeting that is to come. Everything is looked at anew under the locks of both entries.
 * @returns the match's score; undefined where one has gone, is just taken, or they do not fit any more
 */
export async function makeMatch(
  tx: Tx,
  services: MatchServices,
  { entryIds, minScore, weightsOf, actorUserId }: MatchWish,
): Promise<{ matchId: string; score: number } | undefined> {
  if ((await tx.all(takeBoth, [entryIds])).length !== 2) return undefined;
  const [first, second] = await stillWaiting(tx, entryIds);
  if (!first || !second || !(await isPossible(tx, first, second))) return undefined;
  const features = featuresOf(first, second);
  const weights = weightsOf(first, second);
  const score = scoreOf(features, weights);
  if (score < minScore) return undefined;
  const reasons = reasonsOf(first, second);
  const times = await commonTime(tx, first, second);
  const meetingId = await makeMeeting(tx, services, { first, second, reasons, ...times });
  const matchId = newId("matches");
  const told = { features: knownOnly(features), weights: JSON.stringify(weights), reasons };
  await tx.run(insertMatch, insertMatch.bind({ id: matchId, meetingId, score, ...told, ...times }));
  for (const { userId, entryId, waitedMs } of [first, second])
    await tx.run(insertPerson, [matchId, userId, entryId, newId("matchingAnalytics"), waitedMs]);
  await tx.run(markMatched, [entryIds]);
  tellQueue(tx, first.userId, second.userId);
  tx.writes("matching:matches");
  const resource = { resourceType: "match", resourceId: matchId } as const;
  await recordAudit(tx, { actorUserId, meetingId, ...resource, action: "match.create" });
  return { matchId, score };
}

/** Nobody is deactivated until the transaction ends. */
async function isPossible(tx: Tx, one: Waiting, other: Waiting): Promise<boolean> {
  for (const id of [one.userId, other.userId].sort())
    if (!(await holdUserById(tx, id))?.isActive) return false;
  return mayBeMatched(tx, one.entryId, other.entryId);
}

/** When both are free, from now on; epoch ms. */
async function commonTime(tx: Tx, one: Waiting, other: Waiting) {
  const at = await now(tx);
  const startsAt = Math.ceil(Math.max(one.availableFrom, other.availableFrom, at));
  const endsAt = Math.min(one.availableTo, other.availableTo);
  return { startsAt, endsAt, answerBy: Math.min(endsAt, Math.max(startsAt, at + answerMs)) };
}

interface MeetingWish {
  first: Waiting;
  second: Waiting;
  reasons: readonly string[];
  startsAt: number;
  endsAt: number;
}

/** Both are its hosts: whoever comes first may start it. */
async function makeMeeting(
  tx: Tx,
  services: MatchServices,
  { first, second, reasons, startsAt, endsAt }: MeetingWish,
): Promise<string> {
  const organizer = await holdUserById(tx, first.userId);
  if (!organizer) throw new Error("a user has gone");
  const request = {
    title: titleOf(first, second),
    description: reasons.map((reason) => `${reason}.`).join("\n"),
    scheduledAt: startsAt,
    duration: Math.max(shortestMeetingMs, Math.min(usualMeetingMs, Math.floor(endsAt - startsAt))),
  };
  const { meetingId } = await createMeeting(tx, services, organizer, request, undefined);
  const userId = second.userId;
  const resourceId = await insertParticipant(tx, meetingId, userId, "host");
  await announce(tx, {
    ...{ meetingId, type: "participant_added", data: { userId, role: "host" } },
    resource: { resourceType: "participant", resourceId },
  });
  return meetingId;
}

function titleOf(...people: readonly Waiting[]): string {
  const names = people.map(({ name }) => cleanDisplayText(name ?? "")?.slice(0, 80) ?? "somebody");
  const title = cleanDisplayText(`${names.join(" and ")}`) ?? "";
  return title === "somebody and somebody" ? "Two people" : title.slice(0, longestTitle);
}

const knownOnly = (features: Features): string =>
  JSON.stringify(
    Object.fromEntries(Object.entries(features).filter(([, value]) => value !== null)),
  );
