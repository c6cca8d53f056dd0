import { type ActionItem, type Findings, type Quote, taskWords } from "./extract/findings.ts";
import type { InsightContent, ToldItem } from "./insight.ts";
import type { Attendee } from "./material.ts";
import { recommend } from "./recommend.ts";

const mostItems = 5;
const longestSummary = 4_000;

/** Where findings come from, for whoever reads them. */
export interface Origin {
  /** A sentence that says how they were found. */
  words: string;
}

/** What one of the people can take from a meeting: their own promises and what was asked of them first. */
export function insightFor(
  me: Attendee,
  findings: Findings,
  attendees: readonly Attendee[],
  origin: Origin,
): InsightContent {
  const names = new Map(attendees.map(({ id, name }) => [id, name]));
  const nameOf = (id: string) => names.get(id) ?? (id === me.id ? "You" : "Somebody");
  const items = findings.actionItems.toSorted((a, b) => concern(a, me.id) - concern(b, me.id));
  return {
    summary: summaryFor(me.id, findings, nameOf, origin),
    actionItems: items.slice(0, mostItems).map((item) => toldItem(item, nameOf)),
    recommendations: recommend(me, findings.actionItems, attendees),
  };
}

/** The less, the more it concerns a person. */
function concern({ ownerId, requesterId }: ActionItem, userId: string): number {
  if (ownerId === userId) return 0;
  if (ownerId !== null && requesterId === userId) return 1;
  return ownerId === null ? 2 : 3;
}

function toldItem(item: ActionItem, nameOf: (id: string) => string): ToldItem {
  const [first] = item.evidence;
  const owner = item.ownerId === null ? "" : `${nameOf(item.ownerId)}: `;
  return {
    text: `${owner}${taskWords(item)}`,
    atMs: first.kind === "transcript" ? first.startMs : null,
  };
}

function summaryFor(
  userId: string,
  { points, decisions, own }: Findings,
  nameOf: (id: string) => string,
  origin: Origin,
): string {
  const quoted = ({ speakerId, text }: Quote) => {
    if (speakerId === null) return `- ${text}`;
    return `- ${speakerId === userId ? "You" : nameOf(speakerId)}: ${text}`;
  };
  const mine = own.get(userId);
  const parts = [
    ...section("Main points", points.map(quoted)),
    ...section("Decided", decisions.map(quoted)),
    ...section("You said", mine ? [`- ${mine.text}`] : []),
  ];
  return [parts.join("\n").slice(0, longestSummary), origin.words].join("\n").trimStart();
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines];
}

/** What findings were taken from, word for word; because a language model failed, where one is named. */
export function extractiveOrigin(
  { lines, notes }: { lines: readonly unknown[]; notes: string },
  failedModel?: string,
): Origin {
  const sources = [
    ...(lines.length > 0 ? ["transcript"] : []),
    ...(notes.trim() === "" ? [] : ["notes"]),
  ];
  const reason =
    failedModel === undefined ? "" : `: ${failedModel} gave no answer that could be used`;
  return {
    words: `Taken word for word from the ${sources.join(" and the ")}, without AI${reason}.`,
  };
}

/** Findings are a language model's, as far as they have grounds. */
export function modelOrigin(model: string): Origin {
  return {
    words: `Written by AI (${model}) from the transcript; the links lead to what was said.`,
  };
}
