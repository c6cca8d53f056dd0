import otText from "ot-text";
import type { TextOperation } from "./textOperation.ts";

const { type: ot } = otText;

/** A part of a change in the log, in the form of the algorithm. */
export interface Logged {
  id: string;
  sequence: number;
  authorId: string;
  operation: TextOperation;
}

/** What the same client has sent before of the same text, and where that is in the log. */
export interface OwnChange {
  /** Relative to the text that the client had, with its earlier changes. */
  operation: TextOperation;
  /** Sequences of its parts; `last` is below `first` where it came to nothing. */
  first: number;
  last: number;
}

/** An operation of somebody's, of a text that has been changed since. */
export interface Stale {
  operation: TextOperation;
  authorId: string;
  /** In the order in which the client made them. */
  own?: readonly OwnChange[];
}

/**
 * Moves an operation over everything that was logged since its client has read the text. Where two insert at one place, the order
 * is that of their authors' ids, never of what they wrote.
 * @param log all that was logged since, in order
 * @returns what can be applied now, and the ids of what has changed it
 */
export function rebased(
  { operation, authorId, own = [] }: Stale,
  log: readonly Logged[],
): { operation: TextOperation; conflicts: string[] } {
  let moved = operation;
  // Of the client's own changes those that are not in the text yet, at this place of the log.
  let ahead = own;
  const acknowledged: OwnChange[] = [];
  const conflicts: string[] = [];
  for (const logged of log) {
    while (ahead[0] && ahead[0].first <= logged.sequence) {
      acknowledged.push(ahead[0]);
      ahead = ahead.slice(1);
    }
    if (acknowledged.some(({ first, last }) => isIn(logged.sequence, first, last))) continue;
    const side = authorId < logged.authorId ? "left" : "right";
    const otherSide = side === "left" ? "right" : "left";
    // The client's own changes in between are in the operation's text, and not yet in the logged one's: those move over each other.
    let theirs = logged.operation;
    ahead = ahead.map((change) => {
      const mine = ot.transform(change.operation, theirs, side);
      theirs = ot.transform(theirs, change.operation, otherSide);
      return { ...change, operation: mine };
    });
    const next = ot.transform(moved, theirs, side);
    if (!isSame(next, moved)) conflicts.push(logged.id);
    moved = next;
  }
  return { operation: moved, conflicts };
}

const isIn = (sequence: number, first: number, last: number) =>
  sequence >= first && sequence <= last;

function isSame(a: TextOperation, b: TextOperation): boolean {
  return a.length === b.length && a.every((part, index) => isSamePart(part, b[index]));
}

const isSamePart = (a: unknown, b: unknown) =>
  a === b || (isDelete(a) && isDelete(b) && a.d === b.d);

const isDelete = (part: unknown): part is { d: number } => typeof part === "object";
