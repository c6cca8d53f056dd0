import { english } from "../insights/extract/english.ts";
import { taskOfLine } from "../insights/extract/noteTasks.ts";
import { type SaidLine, shorten, type Turn, turnsOf } from "../insights/extract/sentences.ts";
import { contentWords, jaccard, spokenWords } from "../insights/extract/words.ts";
import type { PromptIdea } from "./prompt.ts";

/** A running meeting, as far as it is looked at. */
export interface Moment {
  /** Epoch ms. */
  now: number;
  /** The last minutes, in the order of speech. */
  lines: readonly SaidLine[];
  /** When somebody last did something, however it was noticed; epoch ms. */
  lastActivityAt: number;
  /** Who is there and may speak. */
  people: readonly { id: string; name: string | null }[];
  notes: string;
  /** What it is about now, as its people have said. */
  topics: readonly string[];
  /** How long people have spoken since it began, as it was measured, ms; empty where nobody measures that. */
  speakingMs: ReadonlyMap<string, number>;
  /** Keys of what was told before. */
  told: ReadonlySet<string>;
  /** When something was told last, epoch ms; 0 before. */
  toldAt: number;
}

/** An idea, and what makes it the same however it is put. */
export type InCallIdea = PromptIdea & { key: string };

/** A silence counts from then on, ms, and is a long one from then on. */
const lullMs = 30_000;
const severeLullMs = 60_000;
const mostIdeas = 3;
/** Shares of speech that deviate from even ones by more are out of balance. */
const imbalance = 0.3;
/** Shares say nothing before so much was said, ms. */
const fewestSpokenMs = 60_000;
/** Words of two stretches of talk that have less in common are of two topics. */
const sameTopic = 0.3;
/** The stretch that is compared with the one before, ms. */
const topicMs = 90_000;
const topicWords = 8;
const fewestTopicWords = 5;
/** A question that nobody has said anything after within that is open, ms. */
const answerMs = 10_000;
const longestQuote = 140;

/**
 * What a conversation needs now: what to go on with in a silence, who has not been heard, what was left when the topic changed. At
 * most three, the best first; each names something of this very meeting, and nothing that was told before.
 */
export function inCallIdeas(moment: Moment): InCallIdea[] {
  const turns = turnsOf(moment.lines, english);
  const seen = new Set(moment.told);
  const ideas = [
    ...lull(moment, turns),
    ...quietPeople(moment, turns),
    ...topicShift(moment, turns),
  ];
  return ideas
    .filter(({ key }) => !seen.has(key) && seen.add(key))
    .sort((a, b) => b.relevance - a.relevance)
    .slice(0, mostIdeas);
}

/** In a silence: a question that nobody answered, an open point of the notes, the last topic. A long one needs more. */
function lull(moment: Moment, turns: readonly Turn[]): InCallIdea[] {
  if (turns.length === 0) return [];
  const lastSpokenAt = Math.max(...turns.map(({ endMs }) => endMs));
  const silentSince = Math.max(lastSpokenAt, moment.lastActivityAt);
  const silentMs = moment.now - silentSince;
  const isSevere = silentMs > severeLullMs;
  const from = isSevere ? severeLullMs : lullMs;
  // Told once, and once more when it has become a long one: people who are having a break are left alone.
  if (silentMs <= from || moment.toldAt - silentSince > from) return [];
  const ideas = [...openQuestions(turns, moment), ...openNotes(moment), ...lastTopic(turns)];
  const fresh = ideas.filter(({ key }) => !moment.told.has(key));
  return fresh.slice(0, isSevere ? 2 : 1).map((idea) => ({
    ...idea,
    tags: [...idea.tags, "lull", isSevere ? "severe" : "moderate"],
    relevance: Math.min(1, idea.relevance + (isSevere ? 0.1 : 0)),
  }));
}

/** Questions that were followed by silence, or by the same speaker; the last one first. */
function openQuestions(turns: readonly Turn[], { now, people }: Moment): InCallIdea[] {
  const open = turns.flatMap(({ sentences, endMs, speakerId }, index) => {
    const question = sentences.at(-1);
    if (!question?.text.endsWith("?") || contentWords(question.text, english).length < 2) return [];
    const nextAt = turns[index + 1]?.startMs ?? now;
    return nextAt - endMs > answerMs ? [{ question, speakerId }] : [];
  });
  return open.reverse().map(({ question, speakerId }) => ({
    key: `question:${question.sequence}`,
    content: `${nameOf(speakerId, people)} asked, and nobody has answered: “${shorten(question.text, longestQuote)}”`,
    tags: ["question"],
    relevance: 0.85,
    aboutUserIds: speakerId === null ? [] : [speakerId],
  }));
}

function openNotes({ notes }: Moment): InCallIdea[] {
  const tasks = notes.split("\n", 2_000).flatMap((line) => taskOfLine(line, english) ?? []);
  return tasks.slice(0, 50).map((task) => ({
    key: `note:${contentWords(task, english).join(" ").slice(0, 100)}`,
    content: `Still open in the notes: ${shorten(task, longestQuote)}`,
    tags: ["notes"],
    relevance: 0.75,
    aboutUserIds: [],
  }));
}

function lastTopic(turns: readonly Turn[]): InCallIdea[] {
  const lastAt = turns.at(-1)?.endMs ?? 0;
  const words = topWords(turns.filter(({ endMs }) => endMs > lastAt - topicMs)).slice(0, 3);
  if (words.length === 0) return [];
  return [
    {
      key: `topic:${words.map(({ stem }) => stem).join(" ")}`,
      content: `You were at ${list(words)}: what is the next step there?`,
      tags: ["topic", ...words.map(({ word }) => word)],
      relevance: 0.6,
      aboutUserIds: [],
    },
  ];
}

/** Whoever has said far less than their share, while somebody else says far more. */
function quietPeople(moment: Moment, turns: readonly Turn[]): InCallIdea[] {
  const { people } = moment;
  const { spoken, isMeasured } = spokenTimes(moment, turns);
  const total = [...spoken.values()].reduce((sum, ms) => sum + ms, 0);
  if (people.length < 2 || total < fewestSpokenMs) return [];
  const even = 1 / people.length;
  const share = (id: string) => (spoken.get(id) ?? 0) / total;
  if (!people.some(({ id }) => Math.abs(share(id) - even) > imbalance)) return [];
  const ranked = people.toSorted((a, b) => share(a.id) - share(b.id));
  const quiet = ranked.find(({ id, name }) => name !== null && share(id) < even / 2);
  const loudest = ranked.at(-1);
  if (!quiet || !loudest) return [];
  const about = subject(moment, turns);
  if (about === "" && !isMeasured) return [];
  const heard = spoken.get(quiet.id) === 0 ? "not spoken" : "hardly spoken";
  const question = `what do they think${about === "" ? "" : ` of ${about}`}?`;
  const percent = Math.floor(share(loudest.id) * 100);
  return [
    {
      key: `quiet:${quiet.id}`,
      content: isMeasured
        ? `${quiet.name} has ${heard} in this meeting, ${loudest.name ?? "somebody else"} ${percent}% of the time: ${question}`
        : `${quiet.name} has ${heard} lately: ${question}`,
      tags: ["balance"],
      relevance: 0.7,
      aboutUserIds: isMeasured ? [quiet.id, loudest.id] : [quiet.id],
    },
  ];
}

/**
 * How long each of those who are there has spoken, ms: as measured, where that is enough to go by, else as written down lately.
 * Somebody whose microphone nobody measures may have lines all the same.
 */
function spokenTimes({ people, speakingMs }: Moment, turns: readonly Turn[]) {
  const written = new Map(people.map(({ id }) => [id, 0]));
  for (const { speakerId, startMs, endMs } of turns) {
    const before = written.get(speakerId ?? "");
    if (speakerId !== null && before !== undefined)
      written.set(speakerId, before + endMs - startMs);
  }
  const measured = people.reduce((sum, { id }) => sum + (speakingMs.get(id) ?? 0), 0);
  if (measured < fewestSpokenMs) return { spoken: written, isMeasured: false };
  const longer = ([id, ms]: [string, number]) =>
    [id, Math.max(ms, speakingMs.get(id) ?? 0)] as const;
  return { spoken: new Map([...written].map(longer)), isMeasured: true };
}

/** What the talk is about: words of it, else what people say that it is about; nothing where neither is known. */
function subject({ topics }: Moment, turns: readonly Turn[]): string {
  const words = topWords(turns.slice(-10)).slice(0, 2);
  const told = topics.slice(0, 1).map((topic) => ({ word: shorten(topic, longestQuote) }));
  return list(words.length > 0 ? words : told);
}

/** The talk of the last while has little in common with the talk before: is that settled? */
function topicShift({ told }: Moment, turns: readonly Turn[]): InCallIdea[] {
  const lastAt = turns.at(-1)?.endMs ?? 0;
  const from = lastAt - topicMs;
  const now = topWords(turns.filter(({ startMs }) => startMs >= from));
  const before = topWords(
    turns.filter(({ startMs }) => startMs < from && startMs >= from - 2 * topicMs),
  );
  if (now.length < fewestTopicWords || before.length < fewestTopicWords) return [];
  const stems = (words: readonly TopWord[]) => new Set(words.map(({ stem }) => stem));
  if (jaccard(stems(now), stems(before)) >= sameTopic) return [];
  const [old, current] = [before.slice(0, 2), now.slice(0, 2)];
  const key = `shift:${old.map(({ stem }) => stem).join(" ")}`;
  // Of a topic that was told to be left, in other words.
  const main = old[0]?.stem ?? "";
  if ([...told].some((one) => one.startsWith("shift:") && one.slice(6).split(" ").includes(main)))
    return [];
  return [
    {
      key,
      content: `The talk has moved from ${list(old)} to ${list(current)}: is anything of the first still open?`,
      tags: ["topic-shift", ...old.map(({ word }) => word)],
      relevance: 0.55,
      aboutUserIds: [],
    },
  ];
}

interface TopWord {
  /** As it was said last. */
  word: string;
  stem: string;
  uses: number;
}

/** The words that were said most, each once; of equals what was said last. */
function topWords(turns: readonly Turn[]): TopWord[] {
  const found = new Map<string, TopWord>();
  for (const { sentences } of turns) {
    for (const { text } of sentences) {
      for (const word of spokenWords(text, english)) {
        const stem = english.stem(word);
        const uses = (found.get(stem)?.uses ?? 0) + 1;
        // Put behind those that were said before.
        found.delete(stem);
        found.set(stem, { word, stem, uses });
      }
    }
  }
  return [...found.values()]
    .reverse()
    .sort((a, b) => b.uses - a.uses)
    .slice(0, topicWords);
}

const list = (words: readonly Pick<TopWord, "word">[]) => {
  const quoted = words.map(({ word }) => `“${word}”`);
  return quoted.length < 2
    ? quoted.join("")
    : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
};

function nameOf(id: string | null, people: Moment["people"]): string {
  return people.find((person) => person.id === id)?.name ?? "Somebody";
}
