import { english } from "./extract/english.ts";
import { type ActionItem, taskWords } from "./extract/findings.ts";
import { shorten } from "./extract/sentences.ts";
import { contentWords } from "./extract/words.ts";
import type { Recommendation } from "./insight.ts";
import type { Attendee } from "./material.ts";

const mostRecommendations = 10;
const longestContent = 300;
/** Interests that are named, and count. */
const mostInterests = 3;

/** Whom of a meeting one should get to know better, and what is open between them; the surest first. */
export function recommend(
  me: Attendee,
  items: readonly ActionItem[],
  attendees: readonly Attendee[],
): Recommendation[] {
  const others = attendees.filter(({ id }) => id !== me.id);
  const found = [
    ...items.flatMap((item) => followUp(me, item, others) ?? []),
    ...others.flatMap((other) => connection(me, other) ?? []),
  ];
  return found.sort((a, b) => b.confidence - a.confidence).slice(0, mostRecommendations);
}

/** What one of two owes the other. */
function followUp(
  me: Attendee,
  item: ActionItem,
  others: readonly Attendee[],
): Recommendation | undefined {
  const { ownerId, requesterId } = item;
  if (ownerId === null) return undefined;
  // Between two people a promise is made to the other.
  const [only, second] = others.filter(({ cameIn }) => cameIn);
  const requester = requesterId ?? (second ? null : ownerId === me.id ? only?.id : me.id) ?? null;
  const otherId = ownerId === me.id ? requester : requester === me.id ? ownerId : null;
  const other = others.find(({ id }) => id === otherId);
  if (!other) return undefined;
  const name = other.name ?? "somebody";
  const said = requesterId === null ? "promised" : "asked";
  const [who, whom] = (said === "promised") === (ownerId === me.id) ? ["You", name] : [name, "you"];
  return {
    type: "follow-up",
    content: capital(shorten(`${who} ${said} ${whom}: ${taskWords(item)}`, longestContent)),
    confidence: requesterId === null ? 0.7 : 0.9,
    ...{ aboutUserId: other.id, isFromProfile: false },
  };
}

/** What one has in common with somebody who was there and lets others see their profile. */
function connection(me: Attendee, other: Attendee): Recommendation | undefined {
  if (!me.cameIn || !other.cameIn || !other.isVisible || other.name === null) return undefined;
  const common = inCommon(me, other);
  if (common.words.length === 0) return undefined;
  const content = `You and ${other.name} ${common.words.join(", and ")}.`;
  return {
    type: "connection",
    content: shorten(content, longestContent),
    confidence: Math.round(Math.min(0.95, 0.3 + common.weight) * 100) / 100,
    ...{ aboutUserId: other.id, isFromProfile: true },
  };
}

/** What two people's profiles share, in words that follow their names, and how much that is. */
export function inCommon(one: Attendee, other: Attendee): { words: string[]; weight: number } {
  const interests = one.interests.filter((label) => other.interests.includes(label));
  const named = interests.slice(0, mostInterests);
  const field = one.field?.trim() ?? "";
  const isSameField = field !== "" && field.toLowerCase() === other.field?.trim().toLowerCase();
  const goals = sharedWords(one.goals ?? "", other.goals ?? "");
  return {
    words: [
      ...(named.length > 0 ? [`are both interested in ${named.join(", ")}`] : []),
      ...(isSameField ? [`work in the same field: ${field}`] : []),
      ...(goals.length > 0 ? [`have goals in common: ${goals.join(", ")}`] : []),
    ],
    weight: named.length * 0.15 + (isSameField ? 0.15 : 0) + (goals.length > 0 ? 0.1 : 0),
  };
}

/** Words of the first text that the second has too, in any form. */
function sharedWords(one: string, other: string): string[] {
  const theirs = new Set(contentWords(other, english));
  const words = one.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*/gu) ?? [];
  const shared = words.filter((word) =>
    contentWords(word, english).some((stem) => theirs.has(stem)),
  );
  return [...new Set(shared)].slice(0, mostInterests);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
