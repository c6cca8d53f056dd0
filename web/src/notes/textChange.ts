import diff from "fast-diff";
import otText from "ot-text";

const { type: ot } = otText;

/** A change of a whole text: skip so many UTF-16 units, insert a text, delete so many units. */
export type TextChange = readonly (number | string | { d: number })[];

/** A change at one place, as the server takes it. */
export interface NoteOperation {
  type: "insert" | "delete";
  position: number;
  content?: string;
  length?: number;
}

/** What makes one text of another, in small pieces, so that others' words and cursors stay where they are. */
export function changeBetween(from: string, to: string): TextChange {
  const { encode, decode } = singleUnits(from + to);
  const parts = diff(encode(from), encode(to)).map(([kind, encoded]) => {
    const text = decode(encoded);
    if (kind === diff.EQUAL) return text.length;
    return kind === diff.INSERT ? text : { d: text.length };
  });
  const change = ot.normalize(parts);
  // A piece that begins or ends in the middle of a character would be refused.
  return isWhole(from, change) ? change : replacement(from, to);
}

const pair = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;
const privateUse = /[\uE000-\uF8FF]/g;

/**
 * Characters of two UTF-16 units as one that is not in the text: the difference is looked for unit by unit, and emoji have their first
 * in common.
 */
function singleUnits(text: string) {
  const used = new Set(text.match(privateUse));
  const codes = new Map<string, string>();
  let next = 0xe000;
  for (const character of new Set(text.match(pair))) {
    while (used.has(String.fromCharCode(next))) next += 1;
    // There are more kinds of them than places: these may be cut, which is seen below.
    if (next > 0xf8ff) break;
    codes.set(character, String.fromCharCode(next));
    next += 1;
  }
  const characters = new Map([...codes].map(([character, code]) => [code, character]));
  return {
    encode: (plain: string) =>
      plain.replace(pair, (character) => codes.get(character) ?? character),
    decode: (encoded: string) =>
      encoded.replace(privateUse, (code) => characters.get(code) ?? code),
  };
}

export const applyChange = (text: string, change: TextChange): string => ot.apply(text, change);

/** What a change is after another one of the same text; where both insert at one place, `left` is in front. */
export const movedOver = (
  change: TextChange,
  other: TextChange,
  side: "left" | "right",
): TextChange => ot.transform(change, other, side);

/** Where a cursor or a selection is after somebody else's change. */
export const selectionAfter = (selection: [number, number], change: TextChange): [number, number] =>
  ot.transformSelection(selection, change, false);

/** The change as operations of which each is relative to the text that the one before has made. */
export function operationsOf(change: TextChange): NoteOperation[] {
  const operations: NoteOperation[] = [];
  let position = 0;
  for (const part of change) {
    if (typeof part === "number") position += part;
    else if (typeof part === "string") {
      operations.push({ type: "insert", position, content: part });
      position += part.length;
    } else operations.push({ type: "delete", position, length: part.d });
  }
  return operations;
}

/** What these operations make of a text. */
export function applyOperations(text: string, operations: readonly NoteOperation[]): string {
  return operations.reduce((before, { type, position, content = "", length = 0 }) => {
    const end = type === "delete" ? position + length : position;
    return before.slice(0, position) + content + before.slice(end);
  }, text);
}

function isWhole(from: string, change: TextChange): boolean {
  let at = 0;
  return change.every((part) => {
    if (typeof part === "string") return !/\p{Surrogate}/u.test(part) && !isInPair(from, at);
    const end = at + (typeof part === "number" ? part : part.d);
    const whole = !isInPair(from, at) && !isInPair(from, end);
    at = end;
    return whole;
  });
}

/** The same in one piece. */
function replacement(from: string, to: string): TextChange {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  if (isInPair(from, start) || isInPair(to, start)) start -= 1;
  let end = 0;
  while (end < shorter - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  if (isInPair(from, from.length - end) || isInPair(to, to.length - end)) end -= 1;
  return ot.normalize([start, to.slice(start, to.length - end), { d: from.length - start - end }]);
}

const isInPair = (text: string, position: number) =>
  /[\uD800-\uDBFF]/.test(text[position - 1] ?? "") && /[\uDC00-\uDFFF]/.test(text[position] ?? "");
