import { english } from "../extract/english.ts";
import type { ActionItem, Evidence, NamedPerson, Quote } from "../extract/findings.ts";
import { Names } from "../extract/mentions.ts";
import { type SaidLine, shorten } from "../extract/sentences.ts";
import { contentWords } from "../extract/words.ts";
import type { ModelAnswer } from "./answer.ts";

const mostPoints = 5;
const mostDecisions = 5;
const mostItems = 20;
const longestText = 300;
const longestTask = 160;

/** What of a language model's answer has grounds in the lines it was shown. */
export interface Grounded {
  points: Quote[];
  decisions: Quote[];
  actionItems: ActionItem[];
}

/**
 * Keeps what cites lines that exist and shares words with them. An owner has to have spoken in those lines or be named there, and a
 * date has to stand there; else there is none.
 */
export function grounded(
  answer: ModelAnswer,
  lines: readonly SaidLine[],
  people: readonly NamedPerson[],
): Grounded {
  const bySequence = new Map(lines.map((line) => [line.sequence, line]));
  const names = new Names(people);
  const cite = (entry: { text: string; evidence: readonly number[] }) => {
    const cited = [...new Set(entry.evidence)].map((sequence) => bySequence.get(sequence));
    const known = cited.filter((line) => line !== undefined);
    const isWhole = known.length === cited.length && known.length > 0;
    return isWhole && sharesWords(entry.text, known) ? known : undefined;
  };
  const quotes = (entries: ModelAnswer["summary"], most: number): Quote[] =>
    entries
      .flatMap((entry) => {
        const [first] = cite(entry) ?? [];
        if (!first) return [];
        return {
          text: oneLine(entry.text, longestText),
          speakerId: null,
          evidence: placeOf(first),
        };
      })
      .slice(0, most);
  return {
    points: quotes(answer.summary, mostPoints),
    decisions: quotes(answer.decisions, mostDecisions),
    actionItems: answer.actionItems
      .flatMap((item) => {
        const [first, ...more] = cite(item) ?? [];
        if (!first) return [];
        const cited = [first, ...more];
        return {
          text: oneLine(item.text, longestTask),
          ownerId: ownerOf(item.owner, cited, people, names),
          requesterId: null,
          due: dueOf(item.due, cited),
          evidence: [placeOf(first), ...more.map(placeOf)] as const,
        };
      })
      .slice(0, mostItems),
  };
}

function sharesWords(text: string, cited: readonly SaidLine[]): boolean {
  const said = new Set(cited.flatMap((line) => contentWords(line.text, english)));
  return contentWords(text, english).some((word) => said.has(word));
}

function ownerOf(
  owner: string | null,
  cited: readonly SaidLine[],
  people: readonly NamedPerson[],
  names: Names,
): string | null {
  const called = people.filter(({ name }) => name !== null && name === owner?.trim());
  const [person, namesake] = called;
  if (!person || namesake) return null;
  const isInIt = cited.some(
    ({ speakerId, text }) =>
      speakerId === person.id || names.in(text).some(({ personId }) => personId === person.id),
  );
  return isInIt ? person.id : null;
}

function dueOf(due: string | null, cited: readonly SaidLine[]): string | null {
  const wanted = due?.trim().toLowerCase() ?? "";
  const isSaid = wanted !== "" && cited.some(({ text }) => text.toLowerCase().includes(wanted));
  return isSaid ? oneLine(due ?? "", 60) : null;
}

function placeOf({ sequence, startMs }: SaidLine): Evidence {
  return { kind: "transcript", sequence, startMs };
}

function oneLine(text: string, most: number): string {
  return shorten(text.replace(/\s+/gu, " ").trim(), most);
}
