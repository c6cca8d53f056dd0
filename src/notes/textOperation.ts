import otText from "ot-text";
import { AppError, type ErrorMetadata } from "../core/errors.ts";
import { ok, type Result, refuse } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";

const { type: ot } = otText;

/** A change of a whole text, from its beginning: skip so many UTF-16 units, insert a text, delete so many units. */
export type TextOperation = readonly (number | string | { readonly d: number })[];

/** A change at one place, as clients send and are told it. Positions and lengths are UTF-16 units. */
export interface NoteOperation {
  type: "insert" | "delete" | "retain";
  position: number;
  /** Of an insert: what is inserted. */
  content?: string;
  /** Of a delete: how much. */
  length?: number;
}

/** A part of a change as it was carried out: relative to the text that the part before has made. */
export interface AppliedPart {
  type: "insert" | "delete";
  position: number;
  /** What was inserted or deleted. */
  content: string;
}

/** Longest text of a meeting's notes, UTF-16 units. */
export const maxCharacters = 100_000;

/** Half of a pair is no character. */
const loneSurrogate = /\p{Surrogate}/u;

/** The operation in the form of the algorithm. Refusals are VALIDATION_ERROR with `field`, and `limit` where there is one. */
export function textOperation(operation: NoteOperation): Result<TextOperation> {
  const { type, length, content = "" } = operation;
  const bounds = { min: 0, max: maxCharacters };
  const position = wholeNumber("operation.position", operation.position, bounds);
  if (!position.ok) return position;
  if (type === "insert") return insertion(position.value, content);
  const isDelete = type === "delete";
  const least = isDelete ? 1 : 0;
  const count = wholeNumber("operation.length", length ?? 0, { ...bounds, min: least });
  if (!count.ok) return count;
  return ok(isDelete ? ot.normalize([position.value, { d: count.value }]) : []);
}

function insertion(position: number, content: string): Result<TextOperation> {
  if (content === "") return invalid("operation.content", "An insert needs content");
  if (content.length > maxCharacters) return tooLong("operation.content");
  // PostgreSQL stores no NUL.
  if (content.includes("\0") || loneSurrogate.test(content)) {
    const message = "operation.content must not contain NUL or half of a surrogate pair";
    return invalid("operation.content", message);
  }
  return ok(ot.normalize([position, content]));
}

/** What a text becomes, and by which parts. Refusals are VALIDATION_ERROR with `field`. */
export function applied(
  text: string,
  operation: TextOperation,
): Result<{ text: string; parts: AppliedPart[] }> {
  const parts: AppliedPart[] = [];
  const made: string[] = [];
  // Where we are in the text as it was, and in what is made of it.
  let from = 0;
  let position = 0;
  for (const component of operation) {
    const length = typeof component === "object" ? component.d : 0;
    const skipped = typeof component === "number" ? component : 0;
    const end = from + length + skipped;
    if (end > text.length)
      return invalid("operation.position", "The operation is beyond the end of the notes");
    if (typeof component !== "number" && (isInPair(text, from) || isInPair(text, end)))
      return invalid("operation.position", "The operation is in the middle of a character");
    if (typeof component === "string") {
      parts.push({ type: "insert", position, content: component });
      made.push(component);
      position += component.length;
    } else if (skipped > 0) {
      made.push(text.slice(from, end));
      position += skipped;
    } else {
      parts.push({ type: "delete", position, content: text.slice(from, end) });
    }
    from = end;
  }
  const result = made.join("") + text.slice(from);
  return result.length > maxCharacters ? tooLong("operation") : ok({ text: result, parts });
}

/** A part in the form of the algorithm. */
export function operationOf({ type, position, content }: AppliedPart): TextOperation {
  return ot.normalize([position, type === "insert" ? content : { d: content.length }]);
}

/** What takes a part back. */
export function inverseOf({ type, position, content }: AppliedPart): TextOperation {
  return ot.normalize([position, type === "insert" ? { d: content.length } : content]);
}

/** A part as clients are told it; without one, an operation that changes nothing. */
export function noteOperation(part: AppliedPart | undefined): NoteOperation {
  if (part === undefined) return { type: "retain", position: 0, length: 0 };
  const { type, position, content } = part;
  return type === "insert"
    ? { type, position, content }
    : { type, position, length: content.length };
}

/** Operations of which each is relative to the text that the one before has made, as one. Time grows with their size, hardly with the text's. */
export function composed(operations: readonly TextOperation[]): TextOperation {
  const [first, second] = operations;
  if (first === undefined) return [];
  if (second === undefined) return first;
  const middle = operations.length >> 1;
  return ot.compose(composed(operations.slice(0, middle)), composed(operations.slice(middle)));
}

/** What makes `to` of `from`: one piece is deleted, one inserted, and no character is cut in two. */
export function replacement(from: string, to: string): TextOperation {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  if (isInPair(from, start) || isInPair(to, start)) start -= 1;
  let end = 0;
  while (end < shorter - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  if (isInPair(from, from.length - end) || isInPair(to, to.length - end)) end -= 1;
  const inserted = to.slice(start, to.length - end);
  return ot.normalize([start, inserted, { d: from.length - start - end }]);
}

/** Whether a place is between the two halves of a character. */
function isInPair(text: string, position: number): boolean {
  return (
    isBetween(text.charCodeAt(position - 1), 0xd800, 0xdbff) &&
    isBetween(text.charCodeAt(position), 0xdc00, 0xdfff)
  );
}

const isBetween = (code: number, first: number, last: number) => code >= first && code <= last;

function tooLong(field: string): Result<never> {
  const message = `The notes of a meeting may have ${maxCharacters} characters at most`;
  return invalid(field, message, { limit: maxCharacters });
}

function invalid(field: string, message: string, metadata: ErrorMetadata = {}): Result<never> {
  return refuse(new AppError("VALIDATION_ERROR", message, { field, ...metadata }));
}
