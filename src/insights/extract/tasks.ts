import type { LanguagePack } from "./languagePack.ts";
import type { Mention, Names } from "./mentions.ts";
import { shorten } from "./sentences.ts";
import { spokenWords } from "./words.ts";

/** How a task came to be said. */
export type TaskKind = "promise" | "assignment" | "request" | "open";

/** A task in a sentence. */
export interface Task {
  kind: TaskKind;
  /** Who was named; of a promise, nobody. */
  namedId: string | null;
  /** From its verb on, without owner and date. */
  text: string;
  due: string | null;
}

const longestTask = 160;

/** The tasks in a sentence; what is denied, depends on something or is over already is none. */
export function tasksIn(sentence: string, names: Names, pack: LanguagePack): Task[] {
  const meant = sentence.replace(pack.politeness, "");
  if (pack.unreal.test(meant)) return [];
  return clausesOf(meant, pack).flatMap((clause) => taskIn(clause, names, pack) ?? []);
}

function clausesOf(sentence: string, { clauseBreak }: LanguagePack): string[] {
  const clauses = [];
  let from = 0;
  for (const { 0: mark, index } of sentence.matchAll(clauseBreak)) {
    clauses.push(sentence.slice(from, index));
    from = index + mark.length;
  }
  return [...clauses, sentence.slice(from)];
}

function taskIn(clause: string, names: Names, pack: LanguagePack): Task | undefined {
  const mentions = names.in(clause);
  const named = addressee(clause, mentions, pack);
  const body = named ? `${clause.slice(0, named.from)} ${clause.slice(named.to)}` : clause;
  for (const [kind, pattern] of [
    ["promise", pack.promise],
    ["request", pack.request],
    ["open", pack.open],
  ] as const) {
    const match = pattern.exec(body);
    if (!match || pack.reported.test(body.slice(0, match.index))) continue;
    return taskFrom(kind, body.slice(match.index + match[0].length), named?.personId, pack);
  }
  const plea = pack.plea.exec(body.replace(/^[\s,:]+/, ""));
  if (plea) {
    const rest = body.replace(/^[\s,:]+/, "").slice(plea[0].length);
    return taskFrom("request", rest, named?.personId, pack);
  }
  return assignmentIn(clause, mentions, pack);
}

/** "Bob will prepare the slides": whoever is named does it. */
function assignmentIn(
  clause: string,
  mentions: readonly Mention[],
  pack: LanguagePack,
): Task | undefined {
  for (const { personId, from, to } of mentions) {
    const match = pack.assignment.exec(clause.slice(to));
    if (!match || pack.reported.test(clause.slice(0, from))) continue;
    return taskFrom("assignment", clause.slice(to + match[0].length), personId, pack);
  }
  return undefined;
}

/** Who is spoken to by name, at the beginning or at the end: whoever is named elsewhere is spoken of. */
function addressee(
  clause: string,
  mentions: readonly Mention[],
  { opening, request, plea }: LanguagePack,
): Mention | undefined {
  return mentions.find(({ from, to }) => {
    const after = clause.slice(to);
    if (/,\s*$/.test(clause.slice(0, from)) && /^[\s.?!]*$/.test(after)) return true;
    if (!opening.test(clause.slice(0, from).trimStart())) return false;
    const rest = after.replace(/^[\s,:]+/, "");
    return request.exec(rest)?.index === 0 || plea.test(rest) || /^\s*[,:]/.test(after);
  });
}

/** Undefined where it says nothing of what is to be done. */
function taskFrom(
  kind: TaskKind,
  said: string,
  namedId: string | undefined,
  pack: LanguagePack,
): Task | undefined {
  const { due, rest } = dueOf(said.replace(pack.tail, ""), pack);
  const text = rest
    .replace(pack.filler, "")
    .replace(/^[\s,:]+|[\s,:.?!…]+$/g, "")
    .replace(/\s+/g, " ");
  if (pack.passing.test(text) || spokenWords(text, pack).length < 2) return undefined;
  return { kind, namedId: namedId ?? null, text: shorten(text, longestTask), due };
}

/** By when, as it is said, and the rest. */
export function dueOf(
  text: string,
  { dueWithin, dueAtEnd }: LanguagePack,
): { due: string | null; rest: string } {
  const match = dueWithin.exec(text) ?? dueAtEnd.exec(text);
  if (!match) return { due: null, rest: text };
  const { 0: whole, 1: due = "", index } = match;
  return { due: due.trim(), rest: `${text.slice(0, index)}${text.slice(index + whole.length)}` };
}
