import type { LanguageModel } from "../../llm/port.ts";
import type { NamedPerson } from "../extract/findings.ts";
import type { SaidLine } from "../extract/sentences.ts";
import { answerSchema, instructions, type ModelAnswer } from "./answer.ts";
import { type Grounded, grounded } from "./grounded.ts";

/** Of what is sent at once, characters: some 20 minutes of speech, which small models still read whole. */
const partCharacters = 24_000;
/** Of what is sent of a meeting in all: four hours and more. */
const mostParts = 12;

/**
 * Lets a language model read a meeting: part by part, and what it says of several parts once more. What has no grounds in the
 * lines is left out.
 * @throws Error when it does not answer as it should, or the meeting is too long for it; the signal's reason
 */
export async function askModel(
  model: LanguageModel,
  { lines, people }: { lines: readonly SaidLine[]; people: readonly NamedPerson[] },
  signal: AbortSignal,
): Promise<Grounded> {
  const parts = partsOf(lines);
  if (parts.length > mostParts)
    throw new Error("the transcript is too long for the language model");
  const ask = (part: readonly SaidLine[]) => askPart(model, part, people, signal);
  const found: Grounded[] = [];
  // One after the other: the endpoint may be one machine under a desk.
  for (const part of parts) found.push(grounded(await ask(part), part, people));
  const [only] = found;
  const all = {
    decisions: found.flatMap(({ decisions }) => decisions),
    actionItems: found.flatMap(({ actionItems }) => actionItems),
  };
  if (only && found.length === 1) return only;
  return { ...all, points: await summarizeAgain(found, ask, people) };
}

/** The points of all parts, told as lines of their own, make fewer. */
async function summarizeAgain(
  found: readonly Grounded[],
  ask: (lines: readonly SaidLine[]) => Promise<ModelAnswer>,
  people: readonly NamedPerson[],
): Promise<Grounded["points"]> {
  const points = found.flatMap((part) => part.points);
  const lines = points.map(({ text, evidence }, index) => {
    const startMs = evidence.kind === "transcript" ? evidence.startMs : 0;
    return { sequence: index + 1, speakerId: null, text, startMs, endMs: startMs };
  });
  if (lines.length === 0) return [];
  const { points: again } = grounded(await ask(lines), lines, people);
  return again.map((point) => {
    const cited =
      point.evidence.kind === "transcript" ? points[point.evidence.sequence - 1] : undefined;
    return cited ? { ...point, evidence: cited.evidence } : point;
  });
}

function askPart(
  model: LanguageModel,
  lines: readonly SaidLine[],
  people: readonly NamedPerson[],
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const names = new Map(people.map(({ id, name }) => [id, name]));
  // As JSON, so that no line can look like another one's.
  const data = lines.map(({ sequence: line, speakerId, text }) =>
    JSON.stringify({ line, speaker: names.get(speakerId ?? "") ?? null, text }),
  );
  return model.ask({ instructions, data: data.join("\n"), schema: answerSchema, signal });
}

function partsOf(lines: readonly SaidLine[]): SaidLine[][] {
  const parts: SaidLine[][] = [];
  let left = 0;
  for (const line of lines) {
    const part = parts.at(-1);
    if (part && line.text.length <= left) part.push(line);
    else {
      parts.push([line]);
      left = partCharacters;
    }
    left -= line.text.length;
  }
  return parts;
}
