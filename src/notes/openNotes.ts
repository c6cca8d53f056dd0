import type { AppError } from "../core/errors.ts";
import { ok, orThrow, type Result, refuse } from "../core/result.ts";
import type { Tx } from "../db/port.ts";
import { requireMeeting } from "../meetings/store.ts";
import type { Notes, Writer } from "./notes.ts";
import { type OwnChange, rebased } from "./rebase.ts";
import { checkBase, mayWrite, mayWriteMore } from "./rules.ts";
import { type LogEntry, lockNotes, logEntry, readLog, saveNotes, writtenLately } from "./store.ts";
import {
  type AppliedPart,
  applied,
  composed,
  type NoteOperation,
  type TextOperation,
  textOperation,
} from "./textOperation.ts";

/** Operations that a client made of one text, one after the other. */
export interface Group {
  operations: readonly NoteOperation[];
  /** The last operation in the text that the client had. */
  base: number;
  /** The name of that argument, for refusals. */
  field: string;
  /** What the same client has sent before of the same text. */
  own?: readonly OwnChange[];
}

/** What became of a group. */
export interface GroupChange {
  /** How many of its operations were carried out: all, or those in front of the first that could not be. */
  carriedOut: number;
  /** Why the next one was not. */
  refusal?: AppError;
  parts: AppliedPart[];
  /** Ids of operations that have changed it. */
  conflicts: string[];
  /** Sequences of its parts; `last` is below `first` where it came to nothing. */
  first: number;
  last: number;
}

/** Notes that are locked, and what is written into them in this transaction; `save` ends it. */
export class OpenNotes {
  readonly #tx: Tx;
  readonly #writer: Writer & { clientId: string | null };
  readonly #before: Notes;
  #content: string;
  #isRebased = false;
  readonly #entries: LogEntry[] = [];
  /** Of the log as it was before: from the oldest text that was asked for. */
  #known: { after: number; log: LogEntry[] };

  private constructor(tx: Tx, writer: Writer & { clientId: string | null }, before: Notes) {
    this.#tx = tx;
    this.#writer = writer;
    this.#before = before;
    this.#content = before.content;
    this.#known = { after: before.sequence, log: [] };
  }

  /**
   * Locks the notes for somebody who may write in them.
   * @throws AppError NOT_FOUND, MEETING_NOT_ACTIVE (cancelled)
   */
  static async lock(tx: Tx, writer: Writer, clientId: string | null = null): Promise<OpenNotes> {
    const { meetingId } = writer;
    orThrow(mayWrite(await requireMeeting(tx, meetingId)));
    return new OpenNotes(tx, { ...writer, clientId }, await lockNotes(tx, meetingId));
  }

  /** @throws AppError RATE_LIMIT_EXCEEDED for somebody who has written too much lately */
  async requireRate(): Promise<void> {
    orThrow(mayWriteMore(await writtenLately(this.#tx, this.#writer.userId)));
  }

  /** The text as it is now. */
  get content(): string {
    return this.#content;
  }

  get sequence(): number {
    return this.#before.sequence + this.#entries.length;
  }

  get keptFrom(): number {
    return this.#before.keptFrom;
  }

  /** As it will be when this is saved. */
  get version(): number {
    return this.#before.version + (this.#entries.length > 0 ? 1 : 0);
  }

  /** What was done after that operation, in order; nothing from before the notes were locked is asked for twice. */
  async logAfter(base: number): Promise<LogEntry[]> {
    if (base < this.#known.after) {
      const log = await readLog(this.#tx, this.#writer.meetingId, base);
      this.#known = { after: base, log };
    }
    return [...this.#known.log, ...this.#entries].filter(({ sequence }) => sequence > base);
  }

  /** Writes what can be written of a group. Refusals: those of its first operation, and of its base */
  async write({ operations, base, field, own = [] }: Group): Promise<Result<GroupChange>> {
    const checked = checkBase(field, base, this);
    if (!checked.ok) return checked;
    const log = await this.logAfter(base);
    const wanted = validPrefix(operations);
    const attempt = (length: number) => {
      const operation = composed(wanted.operations.slice(0, length));
      const moved = rebased({ operation, authorId: this.#writer.userId, own }, log);
      const result = applied(this.#content, moved.operation);
      return result.ok ? ok({ ...result.value, conflicts: moved.conflicts }) : result;
    };
    const {
      length,
      value,
      refusal = wanted.refusal,
    } = longestPrefix(wanted.operations.length, attempt);
    if (value === undefined) {
      if (refusal === undefined) throw new Error("a group has no operations");
      return refuse(refusal);
    }
    if (value.conflicts.length > 0) this.#isRebased = true;
    const { first, last } = this.#append(value.text, value.parts);
    const { parts, conflicts } = value;
    return ok({ carriedOut: length, ...(refusal && { refusal }), parts, conflicts, first, last });
  }

  /** Writes an operation of the text as it is now. Refusals: VALIDATION_ERROR */
  replace(operation: TextOperation): Result<void> {
    const result = applied(this.#content, operation);
    if (!result.ok) return result;
    this.#append(result.value.text, result.value.parts);
    return ok(undefined);
  }

  #append(content: string, parts: readonly AppliedPart[]): { first: number; last: number } {
    const first = this.sequence + 1;
    const { userId: authorId, clientId } = this.#writer;
    for (const part of parts)
      this.#entries.push(logEntry(part, { sequence: this.sequence + 1, authorId, clientId }));
    this.#content = content;
    return { first, last: this.sequence };
  }

  /** Stores what was written; where nothing was, nothing changes. @returns whether there was something */
  async save(): Promise<boolean> {
    if (this.#entries.length === 0) return false;
    const { content, version, sequence, keptFrom } = this;
    const change = { content, version, sequence, keptFrom, isRebased: this.#isRebased };
    await saveNotes(this.#tx, this.#writer, change, this.#before, this.#entries);
    return true;
  }
}

/** The operations in front of the first that is none. */
function validPrefix(operations: readonly NoteOperation[]): {
  operations: TextOperation[];
  refusal?: AppError;
} {
  const valid: TextOperation[] = [];
  for (const operation of operations) {
    const checked = textOperation(operation);
    if (!checked.ok) return { operations: valid, refusal: checked.error };
    valid.push(checked.value);
  }
  return { operations: valid };
}

/** How many succeed together of `all`, with what they come to, and why one more does not. */
function longestPrefix<T>(
  all: number,
  attempt: (length: number) => Result<T>,
): { length: number; value?: T; refusal?: AppError } {
  if (all === 0) return { length: 0 };
  const whole = attempt(all);
  if (whole.ok) return { length: all, value: whole.value };
  let best: { length: number; value?: T } = { length: 0 };
  let refused = { length: all, refusal: whole.error };
  while (refused.length - best.length > 1) {
    const length = (best.length + refused.length) >> 1;
    const result = attempt(length);
    if (result.ok) best = { length, value: result.value };
    else refused = { length, refusal: result.error };
  }
  return { ...best, refusal: refused.refusal };
}
