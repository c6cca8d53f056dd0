import { actionItemsOf, withoutRepeats } from "./actionItems.ts";
import { english } from "./english.ts";
import type { Findings, NamedPerson, Quote } from "./findings.ts";
import { Names } from "./mentions.ts";
import { noteTasks } from "./noteTasks.ts";
import {
  type SaidLine,
  type Sentence,
  shorten,
  splitSentences,
  type Turn,
  turnSteps,
} from "./sentences.ts";
import { chooseDiverse, textRank } from "./textRank.ts";
import { contentWords } from "./words.ts";

/** What a meeting left. */
export interface Material {
  /** In the order of speech. */
  lines: readonly SaidLine[];
  /** Markdown. */
  notes: string;
  people: readonly NamedPerson[];
}

/** Nodes that are ranked against each other: their pairs are what costs. */
const mostNodes = 400;
/** A sentence with fewer words that say something is about nothing. */
const fewestWords = 3;
const longestQuote = 240;
const mostDecisions = 5;

/** Points of a meeting: three, of a long one five. */
const pointsOf = (sentences: number) => (sentences > 60 ? 5 : 3);

/**
 * What a meeting was about, what was decided and what is to be done, taken word for word from what was said and noted. In steps
 * of some ms at most.
 * @returns null where nothing was said or noted that says anything
 */
export function* extractFindings(material: Material): Generator<undefined, Findings | null> {
  const names = new Names(material.people);
  const turns = yield* turnSteps(material.lines, english);
  const said = yield* actionItemsOf(turns, names, english);
  const actionItems = withoutRepeats(
    [...said, ...noteTasks(material.notes, names, english)],
    english,
  );
  const decisions = decisionsOf(turns);
  const { points, own } = yield* rankedQuotes(
    turns.length > 0 ? turns : notedTurns(material.notes),
  );
  const isNothing = points.length + decisions.length + actionItems.length === 0;
  return isNothing ? null : { points, decisions, actionItems, own };
}

function decisionsOf(turns: readonly Turn[]): Quote[] {
  const found = turns
    .flatMap(({ sentences }) => sentences)
    .filter(({ text }) => {
      const match = english.decision.exec(text);
      if (!match || text.endsWith("?")) return false;
      return !english.undecided.test(text.slice(0, match.index + match[0].length));
    });
  return found.slice(0, mostDecisions).map(quoteOf);
}

function quoteOf({ text, speakerId, sequence, startMs }: Sentence): Quote {
  const isNoted = sequence === noted;
  return {
    text: shorten(text, longestQuote),
    speakerId,
    evidence: isNoted ? { kind: "notes" } : { kind: "transcript", sequence, startMs },
  };
}

/** The sequence of what stands in notes; those of transcripts begin with 1. */
const noted = 0;

/** Notes of a meeting where nothing was said, as if they had been said by nobody; their tasks are told elsewhere. */
function notedTurns(notes: string): Turn[] {
  const prose = notes
    .split("\n")
    .filter(
      (line) =>
        !/^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]/.test(line) && !english.noteTask.test(line.trim()),
    )
    .map((line) => line.replace(/^\s*(?:#{1,6}|[-*+>]|\d+[.)])\s+/, "").replace(/\*\*|__|`/g, ""))
    .join("\n");
  const sentences = splitSentences(prose, english).map(({ text }) => ({
    ...{ text, speakerId: null, sequence: noted, startMs: 0 },
  }));
  return sentences.length === 0 ? [] : [{ speakerId: null, startMs: 0, endMs: 0, sentences }];
}

interface Node {
  sentence: Sentence;
  words: ReadonlySet<string>;
}

function* rankedQuotes(
  turns: readonly Turn[],
): Generator<undefined, Pick<Findings, "points" | "own">> {
  const nodes: Node[] = [];
  for (const { sentences } of turns) {
    for (const sentence of sentences) {
      const words = new Set(contentWords(sentence.text, english));
      if (words.size >= fewestWords) nodes.push({ sentence, words });
    }
    yield;
  }
  const ranked = thinned(nodes);
  const texts = ranked.map(({ words }) => words);
  const ranks = yield* textRank(texts);
  // A question says what is not known.
  const isAnswer = (index: number) => ranked[index]?.sentence.text.endsWith("?") === false;
  const chosen = chooseDiverse(texts, ranks, pointsOf(ranked.length), isAnswer);
  const quotes = (indexes: readonly number[]) =>
    indexes.flatMap((index) => (ranked[index] ? [quoteOf(ranked[index].sentence)] : []));
  const points = quotes(chosen.toSorted((a, b) => a - b));
  const own = new Map<string, Quote>();
  for (const index of [...ranks.keys()].sort((a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0))) {
    const speakerId = ranked[index]?.sentence.speakerId ?? null;
    if (speakerId === null || own.has(speakerId) || chosen.includes(index) || !isAnswer(index))
      continue;
    for (const quote of quotes([index])) own.set(speakerId, quote);
  }
  return { points, own };
}

/** Of each of so many stretches of a meeting, the sentence that says the most: all of it is seen, however long it was. */
function thinned(nodes: readonly Node[]): Node[] {
  if (nodes.length <= mostNodes) return [...nodes];
  const perStretch = nodes.length / mostNodes;
  return Array.from({ length: mostNodes }, (_, index) => {
    const stretch = nodes.slice(
      Math.floor(index * perStretch),
      Math.floor((index + 1) * perStretch),
    );
    return stretch.reduce((best, node) => (node.words.size > best.words.size ? node : best));
  });
}
