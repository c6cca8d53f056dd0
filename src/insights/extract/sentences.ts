import { atOnce } from "../../core/yielding.ts";
import type { LanguagePack } from "./languagePack.ts";

/** A line of a transcript, as far as it matters for what can be learned from it. */
export interface SaidLine {
  sequence: number;
  /** Null where nobody knows who spoke. */
  speakerId: string | null;
  text: string;
  /** Epoch ms. */
  startMs: number;
  endMs: number;
}

/** A sentence that somebody said. */
export interface Sentence {
  text: string;
  speakerId: string | null;
  /** Of the line it begins in. */
  sequence: number;
  startMs: number;
}

/** What one person said until somebody else spoke. */
export interface Turn {
  speakerId: string | null;
  startMs: number;
  endMs: number;
  sentences: Sentence[];
}

/** Lines of a speaker belong to one turn while at most this is between them, ms. */
const joinedGapMs = 5_000;
/** Beyond that it is no sentence, whoever wrote it; characters. */
const longestSentence = 600;

/** Joins lines, in the order of speech, to turns; a sentence may go on over lines. */
export function* turnSteps(
  lines: readonly SaidLine[],
  pack: LanguagePack,
): Generator<undefined, Turn[]> {
  const turns: Turn[] = [];
  let group: SaidLine[] = [];
  for (const line of lines) {
    if (belongs(group, line)) group.push(line);
    else {
      turns.push(...turnOf(group, pack));
      group = [line];
      yield;
    }
  }
  return [...turns, ...turnOf(group, pack)];
}

/** As `turnSteps`, of few lines. */
export function turnsOf(lines: readonly SaidLine[], pack: LanguagePack): Turn[] {
  return atOnce(turnSteps(lines, pack));
}

function belongs(group: readonly SaidLine[], { speakerId, startMs }: SaidLine): boolean {
  const last = group.at(-1);
  if (!last || speakerId === null || last.speakerId !== speakerId) return false;
  return startMs - last.endMs <= joinedGapMs && group.length < 100;
}

/** One turn, or none where nothing is said in it. */
function turnOf(lines: readonly SaidLine[], pack: LanguagePack): Turn[] {
  const begins: { at: number; line: SaidLine }[] = [];
  let text = "";
  for (const line of lines) {
    begins.push({ at: text.length, line });
    text += `${plain(line.text)} `;
  }
  const [first] = lines;
  if (!first) return [];
  const { speakerId, startMs } = first;
  const sentences = [];
  let next = 0;
  for (const { from, text: sentence } of splitSentences(text, pack)) {
    while ((begins[next + 1]?.at ?? Number.POSITIVE_INFINITY) <= from) next++;
    const line = begins[next]?.line ?? first;
    sentences.push({ text: sentence, speakerId, sequence: line.sequence, startMs: line.startMs });
  }
  const endMs = Math.max(...lines.map((line) => line.endMs));
  return sentences.length === 0 ? [] : [{ speakerId, startMs, endMs, sentences }];
}

/** With one kind of apostrophe and of space. */
function plain(text: string): string {
  return text.replaceAll("’", "'").replace(/\s+/gu, " ").trim();
}

/** The sentences of a text, and where they begin in it. */
export function splitSentences(
  text: string,
  { abbreviations }: Pick<LanguagePack, "abbreviations">,
): { from: number; text: string }[] {
  const found: { from: number; text: string }[] = [];
  let from = 0;
  const push = (to: number) => {
    const sentence = text.slice(from, to);
    const lead = sentence.length - sentence.trimStart().length;
    const whole = sentence.trim();
    if (/[\p{L}\p{N}]/u.test(whole))
      found.push({ from: from + lead, text: shorten(whole, longestSentence) });
    from = to;
  };
  for (const { 0: mark, index } of text.matchAll(/[.!?…]+["')\]]*\s+|\n+/gu)) {
    const before =
      text
        .slice(Math.max(from, index - 20), index)
        .split(/\s/)
        .at(-1) ?? "";
    if (mark.startsWith(".") && abbreviations.has(before.toLocaleLowerCase("en"))) continue;
    push(index + mark.length);
  }
  push(text.length);
  return found;
}

/** The text, or as many of its words as fit, with an ellipsis; never half a character. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  const lastSpace = cut.lastIndexOf(" ");
  const words = lastSpace > most / 2 ? cut.slice(0, lastSpace) : cut;
  return `${words.replace(/[\uD800-\uDBFF]$/u, "").trimEnd()}…`;
}
