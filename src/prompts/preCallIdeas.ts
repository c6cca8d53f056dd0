import { shorten } from "../insights/extract/sentences.ts";
import type { ToldItem } from "../insights/insight.ts";
import type { Attendee } from "../insights/material.ts";
import type { PromptIdea } from "./prompt.ts";

const mostIdeas = 6;
const longestQuote = 160;
/** People named in one idea. */
const mostNamed = 3;

/** What these people had left open when they last met. */
export interface LastMeeting {
  meetingId: string;
  title: string;
  items: readonly Pick<ToldItem, "text">[];
}

/** An idea, and the earlier meeting that it quotes. */
export type PreCallIdea = PromptIdea & { sourceMeetingId: string | null };

/**
 * What people could talk about, by what they let others know of themselves and had left open; at most six, the best first.
 * Every idea names something of these people: where nothing is known there is none.
 */
export function preCallIdeas(
  attendees: readonly Attendee[],
  last: LastMeeting | undefined,
): PreCallIdea[] {
  const known = attendees.filter(({ isVisible, name }) => isVisible && name !== null);
  const ideas = [
    ...openItems(last),
    ...sharedInterests(known),
    ...sharedFields(known),
    ...goals(known),
  ];
  return ideas.sort((a, b) => b.relevance - a.relevance).slice(0, mostIdeas);
}

function openItems(last: LastMeeting | undefined): PreCallIdea[] {
  if (!last) return [];
  return last.items.slice(0, 3).map(({ text }, index) => ({
    content: `In “${shorten(last.title, 60)}” this was left to do: ${shorten(text, longestQuote)}. How far is it?`,
    tags: ["follow-up"],
    relevance: 0.9 - index * 0.05,
    ...{ aboutUserIds: [], sourceMeetingId: last.meetingId },
  }));
}

function sharedInterests(people: readonly Attendee[]): PreCallIdea[] {
  const byInterest = groups(people, ({ interests }) => interests);
  return byInterest.map(([interest, fans]) => ({
    content: `${namesOf(fans)} are interested in ${interest}: what has each of them done there lately?`,
    tags: ["interest", interest],
    relevance: score(0.7, fans, people),
    ...about(fans),
  }));
}

function sharedFields(people: readonly Attendee[]): PreCallIdea[] {
  const byField = groups(people, ({ field }) => (field?.trim() ? [field.trim()] : []));
  return byField.map(([field, colleagues]) => ({
    content: `${namesOf(colleagues)} work in ${shorten(field, 60)}: what is changing there?`,
    tags: ["field", shorten(field, 60)],
    relevance: score(0.6, colleagues, people),
    ...about(colleagues),
  }));
}

function goals(people: readonly Attendee[]): PreCallIdea[] {
  return people.flatMap((person) => {
    const goal = person.goals?.trim().replace(/\s+/g, " ") ?? "";
    if (goal === "") return [];
    return {
      content: `${person.name} has this goal: “${shorten(goal, longestQuote)}” Who can help with it?`,
      tags: ["goal"],
      relevance: 0.5,
      ...about([person]),
    };
  });
}

/** What at least two people have, in whatever capitals, with all who have it; what most have first. */
function groups(
  people: readonly Attendee[],
  of: (person: Attendee) => readonly string[],
): [string, Attendee[]][] {
  const found = new Map<string, { label: string; holders: Attendee[] }>();
  for (const person of people) {
    for (const label of of(person)) {
      const group = found.get(label.toLowerCase()) ?? { label, holders: [] };
      found.set(label.toLowerCase(), group);
      group.holders.push(person);
    }
  }
  return [...found.values()]
    .filter(({ holders }) => holders.length > 1)
    .sort((a, b) => b.holders.length - a.holders.length)
    .map(({ label, holders }) => [label, holders]);
}

/** The more of the people it is about, the better. */
function score(least: number, some: readonly unknown[], all: readonly unknown[]): number {
  return Math.round((least + 0.15 * (some.length / all.length)) * 100) / 100;
}

function about(people: readonly Attendee[]) {
  return { aboutUserIds: people.map(({ id }) => id), sourceMeetingId: null };
}

/** "Ann, Bob and Carol", "Ann, Bob, Carol and 4 others". */
function namesOf(people: readonly Attendee[]): string {
  const names = people.slice(0, mostNamed).map(({ name }) => name ?? "Somebody");
  const others = people.length - names.length;
  const all = others > 0 ? [...names, `${others} other${others > 1 ? "s" : ""}`] : names;
  return `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}
