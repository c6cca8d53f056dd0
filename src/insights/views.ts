import type { User } from "../auth/identity.ts";
import { maySee } from "../auth/insightOwner.ts";
import { findUserById } from "../auth/users.ts";
import { orThrow } from "../core/result.ts";
import { pageLength, wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { placeOf, playableStretches } from "../recordings/place.ts";
import type { Insight, Recommendation, ToldItem } from "./insight.ts";
import { findInsight, findInsightById, listInsights } from "./store.ts";

const usualLength = 20;
const mostSkipped = 10_000;
/** Insights that recommendations are taken from. */
const recentInsights = 50;
const usualRecommendations = 10;

const isReserved = statement<{ id: string }>(
  "insights.reserved",
  `SELECT u.id FROM users u LEFT JOIN user_settings s ON s.user_id = u.id
   WHERE u.id = ANY($1::text[]) AND NOT (u.is_active AND coalesce(s.profile_visibility, true))`,
);

/** What the caller has of a meeting, with links to where it was said; null when there is nothing. */
export async function meetingInsight(
  tx: ReadTx,
  publicUrl: string,
  { userId, meetingId }: { userId: string; meetingId: string },
) {
  const insight = await findInsight(tx, meetingId, userId);
  if (!insight) return null;
  const { _creationTime: _, meetingId: __, ...told } = await toldInsight(tx, insight);
  return { ...told, links: await linksOf(tx, publicUrl, insight) };
}

/** An insight by its id; null when it does not exist or is none of the caller's business. */
export async function insightById(tx: ReadTx, publicUrl: string, caller: User, id: string) {
  const insight = /^[\w-]{1,64}$/.test(id) ? await findInsightById(tx, id) : undefined;
  if (!insight) return null;
  const owner = await findUserById(tx, insight.userId);
  if (!owner || !maySee(caller, owner, insight)) return null;
  return { ...(await toldInsight(tx, insight)), links: await linksOf(tx, publicUrl, insight) };
}

/** A person's own insights, the newest first. @throws AppError VALIDATION_ERROR (`limit` 1 to 100, `offset` 0 to 10,000) */
export async function userInsights(
  tx: ReadTx,
  userId: string,
  page: { limit?: number | undefined; offset?: number | undefined },
) {
  const limit = orThrow(pageLength(page.limit, usualLength));
  const bounds = { min: 0, max: mostSkipped };
  const offset = orThrow(wholeNumber("offset", page.offset ?? 0, bounds));
  const insights = await listInsights(tx, userId, { limit, offset });
  const reserved = await reservedPeople(tx, insights);
  return insights.map((insight) => told(insight, reserved));
}

/**
 * Whom a person met and should get to know better, and what is open between them, of their last meetings; the surest first,
 * nothing twice. @throws AppError VALIDATION_ERROR (`limit` 1 to 100)
 */
export async function connectionRecommendations(
  tx: ReadTx,
  userId: string,
  { limit }: { limit?: number | undefined },
) {
  const most = orThrow(pageLength(limit, usualRecommendations));
  const insights = await listInsights(tx, userId, { limit: recentInsights, offset: 0 });
  const reserved = await reservedPeople(tx, insights);
  const found = insights.flatMap((insight) =>
    shown(insight, reserved).map((one) => ({ ...one, insight })),
  );
  const seen = new Set<string>();
  return found
    .filter(({ content }) => !seen.has(content) && seen.add(content))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, most)
    .map(({ type, content, confidence, insight }) => ({
      ...{ type, content, confidence, createdAt: insight.createdAt },
      ...{ meetingId: insight.meetingId, meetingTitle: insight.meetingTitle },
    }));
}

async function toldInsight(tx: ReadTx, insight: Insight) {
  return told(insight, await reservedPeople(tx, [insight]));
}

function told(insight: Insight, reserved: ReadonlySet<string>) {
  const { id, meetingId, meetingTitle, meetingDate, createdAt, summary, actionItems } = insight;
  return {
    ...{
      _id: id,
      _creationTime: createdAt,
      meetingId,
      meetingTitle,
      meetingDate,
      createdAt,
      summary,
    },
    actionItems: actionItems.map(({ text }) => text),
    recommendations: shown(insight, reserved).map(({ type, content, confidence }) => ({
      ...{ type, content, confidence },
    })),
  };
}

/** What others have hidden since, or who has gone, is not told. */
function shown({ recommendations }: Insight, reserved: ReadonlySet<string>): Recommendation[] {
  return recommendations.filter((one) => !one.isFromProfile || !reserved.has(one.aboutUserId));
}

async function reservedPeople(tx: ReadTx, insights: readonly Insight[]): Promise<Set<string>> {
  const about = new Set(
    insights.flatMap(({ recommendations }) =>
      recommendations.flatMap((one) => (one.isFromProfile ? [one.aboutUserId] : [])),
    ),
  );
  tx.reads(...[...about].map((id) => `user:${id}` as const));
  const found = about.size === 0 ? [] : await tx.all(isReserved, [[...about]]);
  return new Set(found.map(({ id }) => id));
}

/** Link i leads to where item i was said: into the player where it was recorded, else to the meeting. */
async function linksOf(tx: ReadTx, publicUrl: string, { meetingId, actionItems }: Insight) {
  const stretches = await playableStretches(tx, meetingId);
  const meeting = `${publicUrl}/meetings/${meetingId}`;
  return actionItems.map(({ atMs }: ToldItem) => {
    if (atMs === null) return { type: "notes", url: meeting, title: "In the notes" };
    const place = placeOf(stretches, atMs);
    if (!place) return { type: "transcript", url: meeting, title: "In the transcript" };
    const seconds = Math.floor(place.ms / 1000);
    const url = `${publicUrl}/watch/${place.recordingId}#t=${seconds}`;
    return { type: "transcript", url, title: `At ${clockTime(seconds)} of the recording` };
  });
}

function clockTime(seconds: number): string {
  const part = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
