import type { ActionItem, Evidence } from "./findings.ts";
import type { LanguagePack } from "./languagePack.ts";
import type { Names } from "./mentions.ts";
import type { Sentence, Turn } from "./sentences.ts";
import { dueOf, type Task, tasksIn } from "./tasks.ts";
import { contentWords, jaccard } from "./words.ts";

/** An answer that comes later answers something else, ms. */
const answerWithinMs = 30_000;
/** Tasks that are compared with each other: nobody leaves a meeting with more. */
const mostTasks = 300;
/** Two tasks of which so much is the same are one. */
const sameTask = 0.6;

/** What is to be done after a meeting, in the order in which it came up; nothing twice. */
export function* actionItemsOf(
  turns: readonly Turn[],
  names: Names,
  pack: LanguagePack,
): Generator<undefined, ActionItem[]> {
  const items: ActionItem[] = [];
  for (const [index, turn] of turns.entries()) {
    for (const [place, sentence] of turn.sentences.entries()) {
      // What else they say before anybody can answer does not matter, unless it is long.
      const isLast = turn.sentences.length - place <= 2;
      const answer = isLast ? answerTo(turn, turns[index + 1]) : undefined;
      for (const task of tasksIn(sentence.text, names, pack)) {
        const item = itemOf(task, sentence, answer, pack);
        if (item) items.push(item);
      }
      if (items.length >= mostTasks) return withoutRepeats(items, pack);
      yield;
    }
  }
  return withoutRepeats(items, pack);
}

function answerTo(turn: Turn, next: Turn | undefined): Sentence | undefined {
  const [answer] = next?.sentences ?? [];
  if (!next || !answer || next.speakerId === null || next.speakerId === turn.speakerId)
    return undefined;
  return next.startMs - turn.endMs <= answerWithinMs ? answer : undefined;
}

function itemOf(
  { kind, namedId, text, due }: Task,
  sentence: Sentence,
  answer: Sentence | undefined,
  pack: LanguagePack,
): ActionItem | undefined {
  const { speakerId } = sentence;
  const evidence = evidenceOf(sentence);
  if (kind === "promise")
    return { text, ownerId: speakerId, requesterId: null, due, evidence: [evidence] };
  const concerns = answer !== undefined && (namedId === null || namedId === answer.speakerId);
  const isAnswered = kind !== "assignment" && concerns;
  const isRefused = isAnswered && pack.refusal.test(answer.text);
  if (isRefused && (kind === "request" || namedId !== null)) return undefined;
  const isAgreed = isAnswered && !isRefused && pack.agreement.test(answer.text);
  // "We should …" – "Yes" is agreement with it, not a promise.
  const isTaken = isAgreed && (kind === "request" || pack.undertaking.test(answer.text));
  const base = { text, ownerId: namedId, requesterId: speakerId, due } as const;
  if (!isTaken) return { ...base, evidence: [evidence] };
  return {
    ...base,
    ownerId: answer.speakerId,
    due: due ?? dueOf(answer.text, pack).due,
    evidence: [evidence, evidenceOf(answer)],
  };
}

function evidenceOf({ sequence, startMs }: Sentence): Evidence {
  return { kind: "transcript", sequence, startMs };
}

/**
 * One item for what was said several times, or said and noted: with the owner and the date that any of them names. What two
 * different people took on is not the same.
 */
export function withoutRepeats(items: readonly ActionItem[], pack: LanguagePack): ActionItem[] {
  const kept: { item: ActionItem; words: ReadonlySet<string> }[] = [];
  for (const item of items) {
    const words = new Set(contentWords(item.text, pack));
    const same = kept.find(
      (other) => jaccard(other.words, words) >= sameTask && isSameOwner(other.item, item),
    );
    if (same) same.item = joined(same.item, item);
    else kept.push({ item, words });
  }
  return kept.map(({ item }) => item);
}

function isSameOwner({ ownerId: one }: ActionItem, { ownerId: other }: ActionItem): boolean {
  return one === null || other === null || one === other;
}

function joined(first: ActionItem, again: ActionItem): ActionItem {
  const [evidence, ...more] = first.evidence;
  return {
    ...first,
    ownerId: first.ownerId ?? again.ownerId,
    requesterId: first.requesterId ?? again.requesterId,
    due: first.due ?? again.due,
    evidence: [evidence, ...more, ...again.evidence],
  };
}
