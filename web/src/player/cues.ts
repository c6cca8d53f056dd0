import type { TimedLine } from "../transcript/placedLines.ts";
import { captionPieces } from "../words/captionPieces.ts";
import { transcriptWords } from "../words/transcript.ts";

/** A caption of words, ms of the recording. */
export interface Cue {
  fromMs: number;
  toMs: number;
  /** One or two rows. */
  text: string;
}

/** Nobody can read what is gone sooner, ms. */
const leastMs = 1_200;
/** Of a name: the rest of the row is for words. */
const longestName = 20;
/** Of people who speak at once. */
const mostAtOnce = 2;

/**
 * Lines as captions, "Name: words": a long line is several, each for as long as its part of the letters. What is short stays
 * until it can be read, or somebody goes on.
 * @param lines in the order of speech
 */
export function cuesOf(lines: readonly TimedLine[]): Cue[] {
  return lines.flatMap((line, index) => {
    const nextMs = lines[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return lineCues(line, Math.min(line.atMs + leastMs, nextMs));
  });
}

function lineCues(
  { atMs, endMs, name = transcriptWords.unknown, text }: TimedLine,
  readMs: number,
) {
  const lead = `${clipped(name)}: `;
  const pieces = captionPieces(text, lead.length);
  const letters = pieces.reduce((sum, { length }) => sum + length, 0);
  let before = 0;
  return pieces.map((piece, index): Cue => {
    const fromMs = atMs + ((endMs - atMs) * before) / letters;
    before += piece.length;
    const toMs = atMs + ((endMs - atMs) * before) / letters;
    const isLast = index === pieces.length - 1;
    return { fromMs, toMs: isLast ? Math.max(toMs, readMs) : toMs, text: `${lead}${piece}` };
  });
}

function clipped(name: string): string {
  const signs = [...name];
  return signs.length <= longestName ? name : `${signs.slice(0, longestName - 1).join("")}…`;
}

/** What is said at a time; nothing while nobody speaks. */
export function cueTextAt(cues: readonly Cue[], atMs: number): string | undefined {
  const said = cues.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs).slice(-mostAtOnce);
  return said.length === 0 ? undefined : said.map(({ text }) => text).join("\n");
}
