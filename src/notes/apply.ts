import { orThrow } from "../core/result.ts";
import type { Tx } from "../db/port.ts";
import { auditTyping } from "./audit.ts";
import type { Writer } from "./notes.ts";
import { type GroupChange, OpenNotes } from "./openNotes.ts";
import { checkCount, checkVersion } from "./rules.ts";
import { type NoteOperation, noteOperation } from "./textOperation.ts";

/** An operation, and the last one in the text that it was made of. */
interface SentOperation {
  operation: NoteOperation;
  clientSequence: number;
}

/**
 * Carries out an operation, moved over what others have written since.
 * @throws AppError VALIDATION_ERROR, CONFLICT (`version_changed`, `sequence_too_old`), MEETING_NOT_ACTIVE (cancelled),
 * RATE_LIMIT_EXCEEDED
 */
export async function applyOperation(
  tx: Tx,
  writer: Writer,
  sent: SentOperation & { expectedVersion?: number | undefined },
) {
  const notes = await OpenNotes.lock(tx, writer);
  orThrow(checkVersion(sent.expectedVersion, notes));
  await notes.requireRate();
  const change = orThrow(
    await notes.write({
      ...{ operations: [sent.operation], base: sent.clientSequence, field: "clientSequence" },
    }),
  );
  if (await notes.save())
    await auditTyping(tx, writer, "apply_operation", { sequence: notes.sequence });
  return { ...resultOf(change, notes), newVersion: notes.version, success: true };
}

/**
 * Carries out operations. Those of one `clientSequence` are relative to each other, and are carried out as one; behind one of
 * them that cannot be carried out, neither can those that were made after it. Refuses only where nothing can be carried out.
 * @throws AppError as `applyOperation` does
 */
export async function applyOperations(
  tx: Tx,
  writer: Writer,
  sent: { operations: readonly SentOperation[]; expectedVersion?: number | undefined },
) {
  orThrow(checkCount(sent.operations));
  const notes = await OpenNotes.lock(tx, writer);
  orThrow(checkVersion(sent.expectedVersion, notes));
  await notes.requireRate();
  const results: ReturnType<typeof resultOf>[] = [];
  let processed = 0;
  let refusal: Error | undefined;
  for (const [base, indices] of byBase(sent.operations)) {
    const operations = indices.flatMap((index) => sent.operations[index]?.operation ?? []);
    const written = await notes.write({ operations, base, field: "clientSequence" });
    const change = written.ok ? written.value : nothing;
    refusal ??= written.ok ? change.refusal : written.error;
    processed += change.carriedOut;
    for (const [place, index] of indices.entries())
      results[index] = resultOf(place < change.carriedOut ? change : nothing, notes);
  }
  if (processed === 0 && refusal) throw refusal;
  if (await notes.save())
    await auditTyping(tx, writer, "batch_apply_operations", {
      sequence: notes.sequence,
      processed,
    });
  const failed = sent.operations.length - processed;
  return { success: failed === 0, processed, failed, results, newVersion: notes.version };
}

/** Places of the operations of each text, in the order in which those come first. */
function byBase(operations: readonly SentOperation[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [index, { clientSequence }] of operations.entries()) {
    const group = groups.get(clientSequence);
    if (group) group.push(index);
    else groups.set(clientSequence, [index]);
  }
  return groups;
}

const nothing: GroupChange = { carriedOut: 0, parts: [], conflicts: [], first: 1, last: 0 };

/** What a client is told of a change: its first part, and the sequence of its last one. */
function resultOf({ parts, conflicts, first, last }: GroupChange, { sequence }: OpenNotes) {
  return {
    transformedOperation: noteOperation(parts[0]),
    serverSequence: last < first ? sequence : last,
    conflicts,
  };
}
